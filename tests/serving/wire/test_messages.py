"""The messages that the client carries are those of tensorflow-serving-api."""

import runpy
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.wire import messages

SCRIPT = Path(__file__).parents[3] / "scripts" / "serving_messages.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_the_descriptions_are_those_of_the_installed_api(script):
    assert messages.DESCRIPTIONS.read_bytes() == script["descriptor_set"](), (
        f"run again: python {SCRIPT.name} {messages.DESCRIPTIONS.name}"
    )


def test_another_api_has_other_descriptions(script, monkeypatch):
    monkeypatch.setitem(script["descriptor_set"].__globals__, "ROOTS", (predict_pb2,))
    other = script["descriptor_set"]()
    files = descriptor_pb2.FileDescriptorSet.FromString(other).file
    assert other != messages.DESCRIPTIONS.read_bytes()
    assert "tensorflow_serving/apis/get_model_status.proto" not in {file.name for file in files}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (messages.TensorProto, tensor_pb2.TensorProto),
        (messages.PredictRequest, predict_pb2.PredictRequest),
        (messages.GetModelStatusRequest, get_model_status_pb2.GetModelStatusRequest),
        (messages.GetModelMetadataRequest, get_model_metadata_pb2.GetModelMetadataRequest),
    ],
)
def test_both_live_in_one_process_in_pools_of_their_own(ours, theirs):
    assert ours.DESCRIPTOR.full_name == theirs.DESCRIPTOR.full_name
    assert ours.DESCRIPTOR.file.pool is not theirs.DESCRIPTOR.file.pool
    assert theirs.DESCRIPTOR.file.pool is descriptor_pool.Default()


def test_methods_have_the_paths_and_responses_of_the_services():
    described = {}

    class Channel:
        def unary_unary(self, path, *, response_deserializer, **_):
            described[path] = response_deserializer.__self__.DESCRIPTOR.full_name

    prediction_service_pb2_grpc.PredictionServiceStub(Channel())
    model_service_pb2_grpc.ModelServiceStub(Channel())
    for method in (messages.PREDICT, messages.GET_MODEL_METADATA, messages.GET_MODEL_STATUS):
        assert method.response.DESCRIPTOR.full_name == described[method.path]


def test_bytes_mean_the_same_on_both_sides():
    theirs = predict_pb2.PredictRequest()
    theirs.model_spec.name = "recommender"
    theirs.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0]))
    ours = messages.PredictRequest.FromString(theirs.SerializeToString())
    assert ours.model_spec.name == "recommender"
    assert predict_pb2.PredictRequest.FromString(ours.SerializeToString()) == theirs


def test_states_are_named_and_an_unknown_one_is_no_error():
    for name, number in get_model_status_pb2.ModelVersionStatus.State.items():
        assert messages.state_name(number) == name
    assert messages.state_name(77) == "STATE_77"
