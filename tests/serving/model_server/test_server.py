"""The gRPC server: health, ports, draining, and swaps under continuous calls."""

from __future__ import annotations

import collections
import contextlib
import shutil
import threading
import time

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.model_server.errors import StartError
from serving.model_server.metrics import Metrics
from serving.model_server.options import Options
from serving.model_server.servables import load_servable
from serving.model_server.server import HEALTH_SERVICES, ModelServer
from serving.model_server.versions import ModelVersions


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


def health(address, service=""):
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(address))
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status


@pytest.mark.parametrize("service", HEALTH_SERVICES)
def test_health_is_serving_once_a_version_is_available(serve, push, service):
    address, model = serve()
    assert health(address, service) == health_pb2.HealthCheckResponse.NOT_SERVING
    push(1)
    wait_for(model, 1)
    deadline = time.monotonic() + 10
    while health(address, service) != health_pb2.HealthCheckResponse.SERVING:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_server_on_the_port_fails(serve, push):
    push(1)
    address, _ = serve()
    port = int(address.rpartition(":")[2])
    with pytest.raises(StartError, match=rf"cannot listen on 127.0.0.1:{port}: .* Choose another"):
        serve(port=port)


def test_a_call_in_flight_is_answered_while_the_server_stops(base_path, push, call):
    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0)
    caller = call(f"127.0.0.1:{server.start()}")
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(caller.predict({"steps": 150_000}, "slow"))
    )
    thread.start()
    time.sleep(0.2)
    assert not answers, "the slow call must still run when the server is told to stop"
    server.stop(60)
    thread.join()
    assert tf.make_ndarray(answers[0].outputs["steps"]) == 150_000
    with pytest.raises(grpc.RpcError) as caught:
        caller.predict({"steps": 1}, "slow")
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


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

    def _run(self):
        while not self._stop.is_set():
            try:
                response = self._caller.predict(self._inputs)
            except grpc.RpcError as error:
                self.failures.append(error)
            else:
                computed = int(tf.make_ndarray(response.outputs["retrieval_score"]).max())
                self.answers[response.model_spec.version.value, computed] += 1


def wait_for(model, version):
    deadline = time.monotonic() + 60
    while model.available_version != version:
        assert time.monotonic() < deadline, model.states()
        time.sleep(0.01)


def swap_under_calls(address, model, push, call, inputs):
    """Three swaps, one of them from a model to another, a broken version and a rollback."""
    with Hammer(call(address), inputs()) as hammer:
        for version in (2, 3, 4):
            push(version, model=1 + version % 2)
            wait_for(model, version)
            time.sleep(0.1)
        broken = model.base_path / "5"
        broken.mkdir()
        (broken / "saved_model.pb").write_bytes(b"\xff" * 100)
        time.sleep(0.3)
        shutil.rmtree(broken)
        shutil.rmtree(model.base_path / "4")
        wait_for(model, 3)
        time.sleep(0.1)
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


def test_too_many_calls_are_shed_and_the_others_answered(base_path, push, call):
    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, 1, max_in_flight=2)
    caller = call(f"127.0.0.1:{server.start()}")
    running = [
        caller.prediction.Predict.future(caller.request({"steps": 500_000}, "slow"), timeout=60)
        for _ in range(2)
    ]
    time.sleep(0.3)
    with pytest.raises(grpc.RpcError) as caught:
        caller.predict({"steps": 1}, "slow")
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for future in running:
        assert tf.make_ndarray(future.result().outputs["steps"]) == 500_000
    caller.predict({"steps": 1}, "slow")
    server.stop(5)


def test_a_call_whose_caller_gave_up_is_not_computed(base_path, push, call):
    push(1)
    metrics = Metrics()
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, 1, metrics=metrics)
    caller = call(f"127.0.0.1:{server.start()}")
    slow = caller.prediction.Predict.future(caller.request({"steps": 500_000}, "slow"), timeout=60)
    time.sleep(0.2)
    with pytest.raises(grpc.RpcError) as caught:
        caller.prediction.Predict(caller.request({"steps": 1}, "slow"), timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not slow.done()
    slow.result()
    server.stop(5)
    lines = metrics.exposition().decode().splitlines()
    counts = [line for line in lines if "request_count{" in line]
    assert counts == [':tensorflow:serving:request_count{model_name="recommender",status="OK"} 1.0']


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
