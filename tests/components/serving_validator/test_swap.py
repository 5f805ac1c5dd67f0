"""A swap under load: what is counted, and real servers that swap well or badly."""

import re
import subprocess
import sys

import grpc
import pytest
import tensorflow as tf

from components.serving_validator import swap
from components.serving_validator.calls import read_signatures
from components.serving_validator.host import CANDIDATE, SERVED, host_of, publish
from components.serving_validator.load import Call
from components.serving_validator.swap import (
    SwapError,
    requests_of_both,
    summary,
    swap_in,
)
from pipeline.gates import SERVING
from serving.embedded import EmbeddedServer
from serving.query import Query
from tests.components.serving_validator.servers import kill_server_of
from tests.components.toy_recommender import QUERY, ToyRecommender, item_id

QUERIES = [
    Query(f"u{i}", 1_000, (item_id(i),), ("view",), (999,), features={"segment": "north"})
    for i in range(8)
]


def failed(measured):
    bounds = [bound for bound in SERVING if bound.name in swap.SWAP_MEASURES]
    return [bound.name for bound in bounds if not bound.check(measured[bound.name]).passed]


def calls(*triples):
    return [Call(due, ended, version, "" if version else "bad") for due, ended, version in triples]


GOOD = calls(
    (0.0, 0.1, SERVED),
    (1.0, 1.1, SERVED),
    (2.0, 2.1, SERVED),
    (2.5, 2.6, CANDIDATE),
    (9.0, 9.1, CANDIDATE),
)


def test_what_is_counted():
    measured = summary(GOOD, published=1.5)
    assert measured == {
        "swap_calls": 2.0,
        "swap_failed_calls": 0.0,
        "swap_version_reversals": 0.0,
        "swap_p99_ms": pytest.approx(100.0),
    }
    assert failed(measured) == []


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (calls((2.2, 2.3, None)), "swap_failed_calls"),
        (calls((8.0, 8.1, None)), "swap_failed_calls"),  # any time after it was published
        (calls((3.0, 3.1, SERVED)), "swap_version_reversals"),
        (calls((2.2, 9.2, CANDIDATE)), "swap_p99_ms"),
    ],
)
def test_what_is_stopped(more, name):
    assert failed(summary(GOOD + more, published=1.5)) == [name]


def test_what_failed_before_is_not_the_fault_of_the_candidate():
    assert failed(summary(GOOD + calls((0.2, 0.3, None)), published=1.5)) == []


def test_an_answer_that_was_under_way_may_come_from_the_old_version():
    assert failed(summary(GOOD + calls((2.4, 2.9, SERVED)), published=1.5)) == []


class RefusingCalls:
    """Refuses what is not the request that it takes."""

    def __init__(self, takes, code=grpc.StatusCode.INVALID_ARGUMENT):
        self._takes, self._code = takes, code

    def version(self, request):
        if request != self._takes:
            error = grpc.RpcError()
            error.code = lambda: self._code
            raise error
        return 2


def test_a_caller_who_is_refused_asks_again_as_the_new_version_takes_it():
    assert swap._sender(RefusingCalls("new"), [("old", "new")])(0) == 2
    with pytest.raises(grpc.RpcError):
        swap._sender(RefusingCalls("other"), [("same", "same")])(0)
    unavailable = RefusingCalls("new", grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(grpc.RpcError):
        swap._sender(unavailable, [("old", "new")])(0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two models that keep the contract."""
    folder = tmp_path_factory.mktemp("models")
    return [ToyRecommender(kind).save(folder / kind) for kind in ("shuffled", "good")]


def entry(folder, served, candidate):
    requests = requests_of_both(QUERIES, read_signatures(served), read_signatures(candidate))
    with host_of(served, folder / "server.log") as host:
        assert host.serves
        return swap_in(host.server, host.folder, candidate, requests)


def measure(folder, served, candidate):
    return entry(folder, served, candidate).swap


@pytest.mark.slow
def test_a_server_that_loads_before_it_unloads_fails_no_call(models, tmp_path):
    entered = entry(tmp_path, *models)
    assert failed(entered.swap) == []
    assert entered.load_seconds > 0.0
    assert entered.first_call_seconds > 0.0


@pytest.mark.slow
def test_a_server_that_unloads_first_fails_calls(models, tmp_path, monkeypatch):
    started = []

    def restart(model, version):
        """The way of a server that has no room for two versions: stop, then start anew."""
        if model != models[1]:
            publish(model, version)
            return
        port = re.search(r"listening on \S+:(\d+)", (tmp_path / "server.log").read_text())[1]
        kill_server_of(version.parent).wait()
        for old in version.parent.iterdir():
            old.unlink()
        version.symlink_to(model)
        arguments = [f"--port={port}", f"--model_base_path={version.parent}"]
        started.append(subprocess.Popen([sys.executable, "-m", "serving.model_server", *arguments]))

    monkeypatch.setattr(swap, "publish", restart)
    monkeypatch.setattr(EmbeddedServer, "is_running", lambda self: True)  # another one in its place
    try:
        measured = measure(tmp_path, *models)
    finally:
        for process in started:
            process.terminate()
            process.wait()
    assert measured["swap_failed_calls"] > 10
    assert "swap_failed_calls" in failed(measured)


class Moody(tf.Module):
    """Answers one call of so many: of 2 every other one, of 1 none."""

    def __init__(self, of):
        super().__init__()
        self.calls = tf.Variable(0)
        self.of = of

    def save(self, folder):
        specs = {
            **QUERY,
            "exclude_item_id": tf.TensorSpec([None, None], tf.string),
            "top_k": tf.TensorSpec([], tf.int32),
        }

        @tf.function
        def recommend(**inputs):
            rest = self.calls.assign_add(1) % self.of
            with tf.control_dependencies([tf.debugging.assert_equal(rest, 1)]):
                return {"item_id": tf.identity(inputs["history_item_id"])}

        signature = recommend.get_concrete_function(**specs)
        tf.saved_model.save(self, str(folder), signatures={"recommend": signature})
        return folder


@pytest.mark.slow
def test_a_candidate_that_refuses_calls_is_noticed(models, tmp_path):
    candidate = Moody(of=2).save(tmp_path / "moody")
    assert "swap_failed_calls" in failed(measure(tmp_path, models[0], candidate))


@pytest.mark.slow
def test_a_candidate_that_never_answers_is_told(models, tmp_path, monkeypatch):
    monkeypatch.setattr(swap, "DEADLINE_SECONDS", 8.0)
    candidate = Moody(of=1).save(tmp_path / "moody")
    with pytest.raises(SwapError, match="no answer from it within 8 s"):
        measure(tmp_path, models[0], candidate)


@pytest.fixture(scope="module")
def broken(models, tmp_path_factory):
    """A version that loads nowhere."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "saved_model.pb").write_bytes((models[0] / "saved_model.pb").read_bytes())
    return folder


@pytest.mark.slow
def test_a_candidate_that_brings_the_server_down_is_told_at_once(models, tmp_path, monkeypatch):
    def kill(model, version):
        kill_server_of(version.parent)
        publish(model, version)

    monkeypatch.setattr(swap, "publish", kill)
    with pytest.raises(SwapError, match=r"Received: it stopped\. .*make it smaller"):
        measure(tmp_path, *models)


@pytest.mark.slow
def test_so_is_one_that_does_not_load_while_the_server_goes_on(models, broken, tmp_path):
    with pytest.raises(SwapError, match="Received: version 2 failed to load: "):
        measure(tmp_path, models[0], broken)


def test_the_first_call_is_that_of_the_caller_who_came_first():
    waited = calls(
        (2.0, 2.1, SERVED), (2.2, 7.2, CANDIDATE), (2.3, 7.1, CANDIDATE), (9.0, 9.1, CANDIDATE)
    )
    assert swap._first_wait_seconds(waited) == pytest.approx(5.0)


def test_a_call_that_fails_takes_its_time_too():
    def send(number):
        raise grpc.RpcError

    assert 0.0 <= swap._typical_seconds(send) < 1.0
