"""The gRPC server: health, ports, draining, and swaps under continuous calls."""

from __future__ import annotations

import collections
import contextlib
import functools
import shutil
import threading
import time

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.calls.errors import PUSHBACK, ServingError
from serving.calls.policy import RetryPolicy
from serving.model_server.errors import StartError
from serving.model_server.metrics import Metrics
from serving.model_server.options import Options
from serving.model_server.servables import load_servable
from serving.model_server.server import HEALTH_SERVICES, ModelServer
from serving.model_server.versions import ModelVersions
from tests import waiting
from tests.serving.model_server.gate import Gate


@pytest.fixture
def serve(base_path):
    """Starts in-process servers on the base path: `serve(versions_class)` -> (address, model)."""
    with contextlib.ExitStack() as stack:

        def start(kind=ModelVersions, port=0):
            model = kind("recommender", base_path, load_servable, poll_seconds=0.05)
            server = ModelServer({"recommender": model}, "127.0.0.1", port)
            bound = server.start()
            stack.callback(server.stop, 5)
            return f"127.0.0.1:{bound}", model

        yield start


@pytest.fixture
def serve_held(base_path, push, call):
    """Starts a server whose calls are held: `serve_held(...)` -> (gate, server, caller)."""
    push(1)
    with contextlib.ExitStack() as stack:

        def start(*threads, **options):
            gate = Gate()
            model = ModelVersions("recommender", base_path, gate.load, poll_seconds=0)
            server = ModelServer({"recommender": model}, "127.0.0.1", 0, *threads, **options)
            caller = call(f"127.0.0.1:{server.start()}")
            stack.callback(server.stop, 5)
            stack.callback(gate.opened.set)
            return gate, server, caller

        yield start


def health(address, service=""):
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(address))
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status


@pytest.mark.parametrize("service", HEALTH_SERVICES)
def test_health_is_serving_once_a_version_is_available(serve, push, service):
    address, _ = serve()
    assert health(address, service) == health_pb2.HealthCheckResponse.NOT_SERVING
    push(1)
    wait_until(lambda: health(address, service) == health_pb2.HealthCheckResponse.SERVING)


def test_a_second_server_on_the_port_fails(serve, push):
    push(1)
    address, _ = serve()
    port = int(address.rpartition(":")[2])
    with pytest.raises(StartError, match=rf"cannot listen on 127.0.0.1:{port}: .* Choose another"):
        serve(port=port)


def test_a_call_in_flight_is_answered_while_the_server_stops(serve_held, inputs):
    gate, server, caller = serve_held()
    answer = caller.prediction.Predict.future(caller.request(inputs()), timeout=60)
    gate.wait_for_calls(1)
    stopping = threading.Thread(target=server.stop, args=(60,))
    stopping.start()
    wait_until(lambda: refused(caller) is grpc.StatusCode.UNAVAILABLE)
    assert not answer.done()
    gate.opened.set()
    stopping.join()
    assert answer.result().model_spec.version.value == 1


def refused(caller):
    """The status of a call that is not held; None where it is answered."""
    try:
        caller.status()
    except grpc.RpcError as error:
        return error.code()
    return None


class Hammer:
    """Calls `recommend` from several threads without pause, and counts what comes back."""

    def __init__(self, caller, inputs, threads=3):
        self.answers = collections.Counter()  # (version named, version that computed) -> calls
        self.failures = []
        self._caller, self._inputs = caller, inputs
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_answer(self, version):
        """Until a call that begins now or later is answered by a version."""
        before = self._answered(version)
        wait_until(lambda: self._answered(version) > before)

    def _answered(self, version):
        return sum(count for (by, _), count in list(self.answers.items()) if by == version)

    def _run(self):
        while not self._stop.is_set():
            try:
                response = self._caller.predict(self._inputs)
            except grpc.RpcError as error:
                self.failures.append(error)
            else:
                computed = int(tf.make_ndarray(response.outputs["retrieval_score"]).max())
                self.answers[response.model_spec.version.value, computed] += 1


wait_until = functools.partial(waiting.wait_until, seconds=120.0)


def wait_for(model, version):
    wait_until(lambda: model.available_version == version)


def swap_under_calls(address, model, push, call, inputs):
    """Three swaps, one of them from a model to another, a broken version and a rollback.

    Each step waits until callers have seen it, however slow the machine is.
    """
    with Hammer(call(address), inputs()) as hammer:
        hammer.wait_for_answer(1)
        for version in (2, 3, 4):
            push(version, model=1 + version % 2)
            hammer.wait_for_answer(version)
        broken = model.base_path / "5"
        broken.mkdir()
        (broken / "saved_model.pb").write_bytes(b"\xff" * 100)
        wait_until(lambda: model.states()[0].version == 5 and model.states()[0].error)
        shutil.rmtree(broken)
        shutil.rmtree(model.base_path / "4")
        wait_for(model, 3)
        hammer.wait_for_answer(3)
    return hammer


def test_no_call_fails_while_versions_are_swapped(serve, push, call, inputs):
    push(1, model=2)
    address, model = serve()
    hammer = swap_under_calls(address, model, push, call, inputs)
    assert hammer.failures == []
    # Every version answered, and each with its own model: 1, 2 and 4 hold model 1 + v % 2.
    assert set(hammer.answers) == {(1, 2), (2, 1), (3, 2), (4, 1)}


def test_unloading_first_would_fail_calls(serve, push, call, inputs):
    """Control: the same traffic notices a server that drops the old version too early."""

    class UnloadFirst(ModelVersions):
        def _try(self, version, path):
            self._serving.clear()
            return super()._try(version, path)

    push(1, model=2)
    address, model = serve(UnloadFirst)
    hammer = swap_under_calls(address, model, push, call, inputs)
    assert {error.code() for error in hammer.failures} == {grpc.StatusCode.NOT_FOUND}


def test_too_many_calls_are_shed_and_the_others_answered(serve_held, inputs):
    gate, _, caller = serve_held(1, max_in_flight=2)
    calls = [caller.prediction.Predict.future(caller.request(inputs()), timeout=60)]
    gate.wait_for_calls(1)
    calls += [caller.prediction.Predict.future(caller.request(inputs()), timeout=60) for _ in "ab"]
    wait_until(lambda: any(call.done() for call in calls))
    (shed,) = (call for call in calls if call.done())
    assert shed.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "answers or queues at most 2 calls" in shed.details()
    gate.opened.set()
    answered = [call.result().model_spec.version.value for call in calls if call is not shed]
    assert answered == [1, 1]
    wait_until(lambda: refused(caller) is None)


def test_who_is_shed_is_counted_and_told_when_to_come_again(serve_held, inputs):
    metrics = Metrics()
    gate, _, caller = serve_held(1, max_in_flight=1, metrics=metrics)
    running = caller.prediction.Predict.future(caller.request(inputs()), timeout=60)
    gate.wait_for_calls(1)
    told = set()
    for _ in range(20):
        with pytest.raises(grpc.RpcError) as caught:
            caller.predict(inputs())
        told.add(int(dict(caught.value.trailing_metadata())[PUSHBACK]))
    assert min(told) >= 100  # once to twice 0.1 s, as no call has ended yet
    assert max(told) <= 200
    assert len(told) > 5  # so that they do not come together
    assert b'{model_name="",status="RESOURCE_EXHAUSTED"} 20.0' in metrics.exposition()
    gate.opened.set()
    running.result()


def test_a_client_comes_again_when_it_was_told_to(serve_held, open_client, inputs):
    gate, _, caller = serve_held(1, max_in_flight=1)
    running = caller.prediction.Predict.future(caller.request(inputs()), timeout=60)
    gate.wait_for_calls(1)
    with pytest.raises(ServingError, match="at most 1 calls") as told:
        open_client(caller.address, retries=RetryPolicy(attempts=1)).status()
    assert told.value.code == "RESOURCE_EXHAUSTED"
    patient = RetryPolicy(attempts=10_000, budget_burst=10_000)
    threading.Timer(0.5, gate.opened.set).start()
    [status] = open_client(caller.address, timeout_s=60.0, retries=patient).status()
    assert status.version == 1
    running.result()


def test_a_call_whose_caller_gave_up_is_not_computed(serve_held, inputs):
    metrics = Metrics()
    gate, server, caller = serve_held(1, metrics=metrics)
    first = caller.prediction.Predict.future(caller.request(inputs()), timeout=60)
    gate.wait_for_calls(1)
    with pytest.raises(grpc.RpcError) as caught:
        caller.prediction.Predict(caller.request(inputs()), timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    time.sleep(1.0)  # the server's clock of the same deadline began later
    gate.opened.set()
    first.result()
    server.stop(5)
    lines = metrics.exposition().decode().splitlines()
    counts = [line for line in lines if "request_count{" in line]
    assert counts == [
        f':tensorflow:serving:request_count{{model_name="recommender",status="{status}"}} 1.0'
        for status in ("CANCELLED", "OK")
    ]
    assert not gate.another_call_begins(within=0.5)


def test_messages_beyond_a_limit_are_refused(base_path, push, call, inputs):
    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    options = Options(grpc_channel_arguments="grpc.max_receive_message_length=10000,x.y=z")
    arguments = options.channel_arguments()
    assert arguments == [("grpc.max_receive_message_length", 10000), ("x.y", "z")]
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, channel_arguments=arguments)
    caller = call(f"127.0.0.1:{server.start()}")
    caller.predict(inputs())
    with pytest.raises(grpc.RpcError) as caught:
        caller.predict(inputs(rows=1000))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    server.stop(5)


def test_the_health_service_can_be_left_out(base_path, push):
    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, health_service=False)
    address = f"127.0.0.1:{server.start()}"
    with pytest.raises(grpc.RpcError) as caught:
        health(address)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    server.stop(5)
