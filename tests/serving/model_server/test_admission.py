"""How many calls there are, and how long they take."""

from __future__ import annotations

import threading
import time

import pytest

from serving.model_server.admission import CallPool


@pytest.fixture
def pool():
    with CallPool(1) as pool:
        yield pool


def ended(pool):
    """Waits until no call is left: the pool hears of an end after the caller does."""
    deadline = time.monotonic() + 60
    while pool.in_flight:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return pool


def test_waiting_calls_count_too(pool):
    go = threading.Event()
    calls = [pool.submit(go.wait, 60) for _ in range(3)]
    assert pool.in_flight == 3
    go.set()
    assert [call.result() for call in calls] == [True] * 3
    assert ended(pool).in_flight == 0


def test_a_call_that_fails_or_is_cancelled_has_ended(pool):
    go = threading.Event()
    pool.submit(go.wait, 60)
    pool.submit(lambda: 1 / 0)
    assert pool.submit(go.wait, 60).cancel()
    go.set()
    assert ended(pool).in_flight == 0


def test_the_mean_follows_what_calls_take_waiting_included(pool):
    go = threading.Event()
    for _ in range(2):
        pool.submit(go.wait, 60)
    time.sleep(1.0)
    go.set()
    assert ended(pool).call_s >= 0.1 + 0.1 * 0.9 + 0.1 * 0.81  # both took a second
