"""Versions, labels, new configurations and swaps."""

from __future__ import annotations

import shutil
import threading

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.waiting import wait_until

ALL = "all {}"


@pytest.fixture
def push(settled, toy_models):
    """Publishes a toy model in one step: `push(version, model)`."""

    def publish(version, model=2):
        base_path = settled.models / "recommender"
        staging = base_path / f".staging-{version}"
        shutil.copytree(toy_models / str(model), staging)
        staging.rename(base_path / str(version))

    return publish


def answered_by(server, request):
    return server.predict(request).model_spec.version.value


def test_the_state_of_the_versions_is_told(server, code_of):
    assert server.status() == {1: 30}
    with pytest.raises(grpc.RpcError) as caught:
        server.status("none")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_services_are_healthy(server):
    stub = health_pb2_grpc.HealthStub(server.channel)
    for service in ("ModelService", "PredictionService"):
        request = health_pb2.HealthCheckRequest(service=service)
        assert stub.Check(request, timeout=10).status == health_pb2.HealthCheckResponse.SERVING


def test_no_call_fails_while_a_new_version_takes_over(settled, push, request_of):
    answers, failures, stop = [], [], threading.Event()

    def hammer():
        while not stop.is_set():
            try:
                response = settled.predict(request_of())
            except grpc.RpcError as error:
                failures.append(error)
            else:
                computed = tf.make_ndarray(response.outputs["retrieval_score"]).max()
                answers.append((response.model_spec.version.value, int(computed)))

    caller = threading.Thread(target=hammer)
    caller.start()
    push(2)
    settled.wait_for(2)
    wait_until(lambda: (2, 2) in answers or failures)
    stop.set()
    caller.join()
    assert failures == []
    assert set(answers) == {(1, 1), (2, 2)}  # every answer by the model that its version names


def test_several_versions_answer_by_number_and_by_label(settled, push, request_of, config_text):
    push(2)
    settled.wait_for(2)
    settled.reload(config_text(settled.models, policy=ALL))
    settled.wait_for(1, 2)
    settled.reload(config_text(settled.models, policy=ALL, labels={"stable": 1, "canary": 2}))
    asked = [{"label": "stable"}, {"label": "canary"}, {"version": 1}, {}]
    assert [answered_by(settled, request_of(**spec)) for spec in asked] == [1, 2, 1, 2]
    settled.reload(config_text(settled.models, policy=ALL, labels={"stable": 2}))
    assert answered_by(settled, request_of(label="stable")) == 2
    with pytest.raises(grpc.RpcError) as caught:
        settled.predict(request_of(label="canary"))  # no longer set
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_only_the_versions_named_are_served(settled, push, config_text):
    push(2)
    push(3)
    settled.wait_for(3)
    settled.reload(config_text(settled.models, policy="specific { versions: 2 }"))
    settled.wait_for(2)
    settled.reload(config_text(settled.models, policy="latest { num_versions: 2 }"))
    settled.wait_for(2, 3)


def test_a_label_must_name_a_version_that_is_loaded(settled, request_of, config_text):
    with pytest.raises(grpc.RpcError) as caught:
        settled.reload(config_text(settled.models, labels={"stable": 7}))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert answered_by(settled, request_of()) == 1


@pytest.mark.parametrize("text", ["", "model_config_list { config { name: 'x' base_path: '/x' } }"])
def test_a_bad_configuration_is_refused_and_the_models_stay(settled, request_of, text):
    with pytest.raises(grpc.RpcError) as caught:
        settled.reload(text)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert answered_by(settled, request_of()) == 1


def test_a_model_that_is_left_out_is_dropped_and_another_added(
    settled, toy_models, request_of, code_of, config_text
):
    shutil.copytree(toy_models / "2", settled.models / "other" / "5")
    try:
        settled.reload(config_text(settled.models, name="other"))
        settled.wait_for(5, name="other")
        assert answered_by(settled, request_of(name="other")) == 5
        assert code_of(settled.prediction.Predict, request_of()) == "NOT_FOUND"
        settled.reload(config_text(settled.models))
        settled.wait_for(1)
    finally:
        shutil.rmtree(settled.models / "other")
