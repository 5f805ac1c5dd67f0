"""Servers that are killed or hang while clients call them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.client import RecommenderClient, RetryPolicy, ServingError
from serving.user_state.record import Publication
from serving.user_state.sqlite_store import SqliteUserStates
from tests.waiting import wait_until
from trainer.distribution import free_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
POPULAR = ("apple", "bread", "cheese")
PATIENCE_S = 120
TIMEOUT_S = 3.0  # of the calls to a server that hangs


class Server:
    """A model server in a process of its own, on a port that stays the same."""

    def __init__(self, base_path):
        self._base_path = base_path
        (self.port,) = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        place = [f"--port={self.port}", f"--model_base_path={self._base_path}"]
        command = [sys.executable, "-m", "serving.model_server", *place, "--model_name=recommender"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait_until_it_serves(self):
        deadline = time.monotonic() + PATIENCE_S
        with RecommenderClient(self.address, timeout_s=1.0) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(ServingError):
                    if client.status()[0].state == "AVAILABLE":
                        return
                time.sleep(0.1)
        pytest.fail("the server does not serve")

    def send(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture(scope="module")
def servers(toy_models, tmp_path_factory):
    base_path = tmp_path_factory.mktemp("lost")
    shutil.copytree(toy_models / "1", base_path / "7")
    both = [Server(base_path), Server(base_path)]
    for server in both:
        server.wait_until_it_serves()
    yield both
    for server in both:
        server.kill()


@pytest.fixture
def store(tmp_path):
    opened = SqliteUserStates(tmp_path / "users.sqlite")
    opened.publish(Publication(popular_item_id=POPULAR))
    yield opened
    opened.close()


@contextlib.contextmanager
def stopped(server):
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


def both_of(servers):
    return "ipv4:" + ",".join(server.address for server in servers)


def warmed(client, users):
    """Calls until each server has been asked, so that connections to both stand."""
    for _ in range(8):
        assert users.recommend("ann", 2).source == "model"
    return client


def in_flight(users, calls, meanwhile):
    """Answers of calls that run while something happens to their server."""
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(users.recommend("ann", 2)))
        for _ in range(calls)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    meanwhile()
    for thread in threads:
        thread.join(30)
    assert len(answers) == calls
    return answers


@pytest.mark.parametrize("hedge_after_s", [0.1, None])
def test_a_hedge_answers_for_a_server_that_hangs(
    servers, store, open_client, for_users, hedge_after_s
):
    retries = RetryPolicy(hedge_after_s=hedge_after_s)
    client = open_client(both_of(servers), timeout_s=TIMEOUT_S, retries=retries)
    users = for_users(client, store)
    warmed(client, users)
    slowest, sources = 0.0, set()
    with stopped(servers[0]):
        for _ in range(6):
            began = time.monotonic()
            sources.add(users.recommend("ann", 2).source)
            slowest = max(slowest, time.monotonic() - began)
    if hedge_after_s is None:
        assert slowest >= TIMEOUT_S
        assert "fallback" in sources
    else:
        assert slowest < TIMEOUT_S
        assert sources == {"model"}


@pytest.mark.parametrize("attempts", [3, 1])
def test_no_call_fails_when_one_of_two_servers_is_killed_under_it(
    servers, store, open_client, for_users, attempts
):
    client = open_client(both_of(servers), retries=RetryPolicy(attempts=attempts))
    users = for_users(client, store)
    warmed(client, users)
    servers[0].send(signal.SIGSTOP)  # so that its calls are surely in flight
    answers = in_flight(users, 6, servers[0].kill)
    after = [users.recommend("ann", 2) for _ in range(10)]
    servers[0].start()
    servers[0].wait_until_it_serves()
    sources = {answer.source for answer in answers}
    if attempts == 1:
        assert "fallback" in sources
    else:
        assert sources == {answer.source for answer in after} == {"model"}


def test_a_server_that_is_killed_mid_call_is_replaced_by_popular_items_until_it_is_back(
    servers, store, open_client, for_users
):
    client = open_client(servers[0].address, timeout_s=60.0)
    users = for_users(client, store)
    assert users.recommend("ann", 2).source == "model"
    servers[0].send(signal.SIGSTOP)
    began = time.monotonic()
    [answer] = in_flight(users, 1, servers[0].kill)
    assert time.monotonic() - began < 30.0  # at once, and not at the deadline
    assert answer.source == "fallback"
    assert tuple(item.item_id for item in answer.items) == POPULAR[:2]
    assert "no model server answers" in answer.reason
    servers[0].start()
    servers[0].wait_until_it_serves()
    # gRPC's own waits would have grown to minutes.
    wait_until(lambda: users.recommend("ann", 2).source == "model", 15.0)
