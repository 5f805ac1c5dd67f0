"""Loads against a server that can stand still."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from benchmarks.processes import SideError
from benchmarks.serving.load import Caller
from benchmarks.serving.traffic import save_requests
from serving.wire.messages import PREDICT

pytestmark = pytest.mark.slow  # each load is a process

STALL = 1.0


class Answerer:
    """Answers with version 7 one call after another; from `stall` on it stands still once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.refuse = False
        self.stall = float("inf")

    def answer(self, request, context):
        with self.lock:
            if time.monotonic() > self.stall:
                self.stall = float("inf")
                time.sleep(STALL)
        if self.refuse:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no room")
        return PREDICT.response(model_spec={"version": {"value": 7}})


@pytest.fixture
def answerer():
    return Answerer()


@pytest.fixture
def caller(answerer, tmp_path):
    service, method = PREDICT.path.strip("/").split("/")
    handler = grpc.unary_unary_rpc_method_handler(
        answerer.answer, response_serializer=PREDICT.response.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(64))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {method: handler})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    save_requests(tmp_path / "requests.npz", [b"a", b"b"])
    yield Caller(f"127.0.0.1:{port}", tmp_path / "requests.npz", tmp_path / "load")
    server.stop(0).wait()


def test_everybody_who_came_while_the_server_stood_still_is_counted(caller, answerer):
    """Of 4 seconds of callers, a quarter came into the second of stillness, and waited."""
    with caller.open([(100.0, 4.0)]) as load:
        answerer.stall = time.monotonic() + 1.5
    calls = load.calls
    assert len(calls) == pytest.approx(400, abs=100)
    assert set(calls.version.tolist()) == {7}
    late = calls.milliseconds > 100.0
    assert late.mean() > 0.15
    assert calls.percentile_ms(99.0) > 0.8 * 1000 * STALL
    assert calls.percentile_ms(50.0) < 100.0


def test_callers_who_wait_for_each_other_hardly_notice_it(caller, answerer):
    """Why the load is open: the same second hits one call of each closed caller."""
    answerer.stall = time.monotonic() + 2.5
    calls = caller.closed(1, 4.0)
    assert (calls.milliseconds > 100.0).sum() <= 1
    assert calls.percentile_ms(99.0) < 100.0


def test_nobody_comes_to_a_load_that_was_stopped(caller):
    with caller.open([(50.0, 600.0)]) as load:
        time.sleep(1.0)
        load.stop()
    assert 0 < len(load.calls) < 200
    assert load.calls.failed == 0


def test_refused_calls_are_failed_calls(caller, answerer):
    answerer.refuse = True
    calls = caller.closed(2, 0.5)
    assert calls.failed == len(calls) > 0
    assert set(calls.status.tolist()) == {grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]}


def test_a_call_ends_at_its_deadline(caller, answerer):
    answerer.stall = 0.0
    with caller.open([(20.0, 1.0)], deadline=0.2) as load:
        pass
    assert load.calls.failed > 0
    assert load.calls.milliseconds.max() < 600.0


def test_a_load_that_breaks_says_why(caller):
    broken = Caller(caller.address, caller.requests.with_name("absent.npz"), caller.folder)
    with pytest.raises(SideError, match=r"absent\.npz"):
        broken.closed(1, 0.1)
