"""Both channels against a real gRPC server that answers by a script."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from serving.calls.errors import PUSHBACK, ServingError
from serving.calls.policy import RetryPolicy
from serving.wire.messages import GET_MODEL_STATUS

QUICK = RetryPolicy(backoff_s=0.02)


class Scripted:
    """A model service; each call takes the next line: (seconds, status or None, pushback)."""

    def __init__(self):
        self.script = []
        self.begun = []
        self.cancelled = threading.Semaphore(0)
        self.deadlines = []

    def service(self, handler_call_details):
        return grpc.unary_unary_rpc_method_handler(self.answer)

    def answer(self, request, context):
        self.begun.append(time.monotonic())
        self.deadlines.append(context.time_remaining())
        seconds, code, pushback = self.script.pop(0)
        gone = threading.Event()
        context.add_callback(gone.set)
        if gone.wait(seconds):
            self.cancelled.release()
            return b""
        if pushback is not None:
            context.set_trailing_metadata(((PUSHBACK, pushback),))
        if code is not None:
            context.abort(code, "as the script says")
        response = GET_MODEL_STATUS.response()
        response.model_version_status.add(version=len(self.begun))
        return response.SerializeToString()


@pytest.fixture
def scripted():
    """A server, as (script, address)."""
    model = Scripted()

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return model.service(details)

    server = grpc.server(ThreadPoolExecutor(8), handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield model, f"127.0.0.1:{port}"
    server.stop(0).wait()


GONE = (0, grpc.StatusCode.UNAVAILABLE, None)
BUSY = (0, grpc.StatusCode.RESOURCE_EXHAUSTED, None)
WELL = (0, None, None)


def answered_by(client):
    [status] = client.status()
    return status.version


@pytest.mark.parametrize(
    ("script", "by"),
    [
        ([WELL], 1),
        ([GONE, WELL], 2),
        ([GONE, GONE, WELL], 3),
        ([(0, grpc.StatusCode.RESOURCE_EXHAUSTED, "30"), WELL], 2),
    ],
)
def test_a_call_is_tried_again_where_it_helps(scripted, open_client, script, by):
    model, address = scripted
    model.script = list(script)
    assert answered_by(open_client(address, retries=QUICK)) == by


@pytest.mark.parametrize(
    ("script", "code", "attempts"),
    [
        ([GONE] * 9, "UNAVAILABLE", 3),
        ([BUSY] * 9, "RESOURCE_EXHAUSTED", 1),
        ([(0, grpc.StatusCode.UNAVAILABLE, "-1")] * 9, "UNAVAILABLE", 1),
        ([(0, grpc.StatusCode.RESOURCE_EXHAUSTED, "-1")] * 9, "RESOURCE_EXHAUSTED", 1),
        ([(0, grpc.StatusCode.RESOURCE_EXHAUSTED, "20000")] * 9, "RESOURCE_EXHAUSTED", 1),
        ([(0, grpc.StatusCode.NOT_FOUND, None)] * 9, "NOT_FOUND", 1),
    ],
)
def test_where_it_does_not_the_error_is_told(scripted, open_client, script, code, attempts):
    model, address = scripted
    model.script = list(script)
    with pytest.raises(ServingError, match="as the script says") as told:
        open_client(address, retries=QUICK).status()
    assert told.value.code == code
    assert len(model.begun) == attempts


def test_one_attempt_is_all_where_the_policy_says_so(scripted, open_client):
    model, address = scripted
    model.script = [GONE, WELL]
    with pytest.raises(ServingError):
        open_client(address, retries=RetryPolicy(attempts=1)).status()
    assert len(model.begun) == 1


def test_the_server_says_when(scripted, open_client):
    model, address = scripted
    model.script = [(0, grpc.StatusCode.RESOURCE_EXHAUSTED, "300"), WELL]
    answered_by(open_client(address, retries=QUICK))
    first, second = model.begun
    assert second - first >= 0.3


def test_a_server_in_trouble_is_not_flooded(scripted, open_client):
    model, address = scripted
    model.script = [GONE] * 200
    client = open_client(
        address, retries=RetryPolicy(backoff_s=0.001, budget_burst=5, budget_ratio=0.1)
    )
    for _ in range(50):
        with pytest.raises(ServingError):
            client.status()
    # 50 calls, the burst, and a tenth of the calls; without a budget there would be 150.
    assert 50 + 5 <= len(model.begun) <= 50 + 5 + 5


def test_all_attempts_share_one_deadline(scripted, open_client):
    model, address = scripted
    model.script = [(0.4, grpc.StatusCode.UNAVAILABLE, None)] * 99
    with pytest.raises(ServingError):
        open_client(address, timeout_s=2.0, retries=RetryPolicy(99, 0.01, budget_burst=99)).status()
    assert 2 <= len(model.begun) <= 6  # a deadline for each attempt would leave time for all 99
    assert model.deadlines == sorted(model.deadlines, reverse=True)
    assert model.deadlines[-1] < 1.7


@pytest.mark.parametrize("hedge_after_s", [0.1, None])
def test_a_hedge_answers_for_a_slow_attempt_which_is_cancelled(
    scripted, open_client, hedge_after_s
):
    model, address = scripted
    slow_s = 1.0 if hedge_after_s is None else 20.0
    model.script = [(slow_s, None, None), WELL]
    client = open_client(address, timeout_s=60.0, retries=RetryPolicy(hedge_after_s=hedge_after_s))
    began = time.monotonic()
    client.status()
    taken = time.monotonic() - began
    if hedge_after_s is None:
        assert taken >= slow_s
        assert len(model.begun) == 1
    else:
        assert 0.1 <= taken < slow_s
        assert len(model.begun) == 2
        assert model.cancelled.acquire(timeout=10.0)


def test_a_slow_first_attempt_wins_over_a_slower_hedge(scripted, open_client):
    model, address = scripted
    model.script = [(1.0, None, None), (20.0, None, None)]
    began = time.monotonic()
    open_client(address, timeout_s=60.0, retries=RetryPolicy(hedge_after_s=0.1)).status()
    assert time.monotonic() - began < 20.0
    assert model.cancelled.acquire(timeout=10.0)


def test_a_hedge_that_fails_leaves_the_first_attempt_its_chance(scripted, open_client):
    model, address = scripted
    model.script = [(1.5, None, None), GONE]
    open_client(address, retries=RetryPolicy(hedge_after_s=0.1)).status()
    assert len(model.begun) == 2


def test_one_connection_serves_all_calls(scripted, open_client):
    model, address = scripted
    peers = set()
    answer = model.answer

    def noted(request, context):
        peers.add(context.peer())
        return answer(request, context)

    model.answer = noted
    model.script = [WELL] * 20
    client = open_client(address)
    for _ in range(20):
        client.status()
    assert len(peers) == 1
