"""Predict and GetModelMetadata over real gRPC, against a server in this process."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
)


@pytest.fixture
def refused(caller):
    """Sends a request that must fail; gives its code name and text."""

    def send(request):
        with pytest.raises(grpc.RpcError) as caught:
            caller.prediction.Predict(request, timeout=60)
        return caught.value.code().name, caught.value.details()

    return send


def test_predict_answers_by_output_name_with_the_effective_spec(caller, inputs):
    response = caller.predict(inputs(rows=2))
    outputs = {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}
    assert outputs["item_id"].tolist() == [[b"bread", b"cheese", b"dates"]] * 2
    np.testing.assert_allclose(outputs["score"], [[0.8, 0.7, 0.6]] * 2, rtol=1e-6)
    assert outputs["retrieval_score"].dtype == np.float32
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("recommender", 7, "recommend")


def test_every_row_of_a_batch_has_its_own_answer(caller, inputs):
    request = inputs(rows=2)
    request["history_item_id"] = np.array([["apple", "bread"], ["eggs", ""]], dtype=object)
    request["history_event_type"] = np.full((2, 2), "view", dtype=object)
    request["history_time"] = np.zeros((2, 2), np.int64)
    items = tf.make_ndarray(caller.predict(request).outputs["item_id"])
    assert items.tolist() == [[b"cheese", b"dates", b"eggs"], [b"apple", b"bread", b"cheese"]]


def test_output_filter_limits_the_answer(caller, inputs, request_for):
    request = request_for(inputs())
    request.output_filter.append("score")
    assert list(caller.prediction.Predict(request).outputs) == ["score"]


def test_a_version_can_be_named(caller, inputs, request_for):
    request = request_for(inputs())
    request.model_spec.version.value = 7
    assert caller.prediction.Predict(request).model_spec.version.value == 7


def field(dtype, shape, **values):
    dims = {"dim": [{"size": size} for size in shape]}
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=dims, **values)


@pytest.mark.parametrize(
    ("name", "proto"),
    [
        ("history_time", field(types_pb2.DT_INT64, [1, 1], int64_val=[3])),
        (
            "history_time",
            field(types_pb2.DT_INT64, [1, 1], tensor_content=(3).to_bytes(8, "little")),
        ),
        ("top_k", field(types_pb2.DT_INT32, [], int_val=[3])),
        ("top_k", field(types_pb2.DT_INT32, [], tensor_content=(3).to_bytes(4, "little"))),
        ("age", field(types_pb2.DT_FLOAT, [1], float_val=[2.5])),
        ("history_item_id", field(types_pb2.DT_STRING, [1, 1], string_val=[b"apple"])),
        ("history_item_id", field(types_pb2.DT_STRING, [1, 1], tensor_content=b"\x05apple")),
    ],
)
def test_both_encodings_of_a_tensor_are_read(caller, inputs, name, proto):
    items = tf.make_ndarray(caller.predict({**inputs(), name: proto}).outputs["item_id"])
    assert items.tolist() == [[b"bread", b"cheese", b"dates"]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"age": None},
            "Sent extra: {}. Missing but required: {age}. Send exactly: age float32 [?]",
        ),
        ({"colour": np.int32(1)}, "Sent extra: {colour}. Missing but required: {}."),
        (
            {"age": np.zeros(1, np.int64)},
            "input 'age' of signature 'recommend' must be float32 [?], received int64. "
            "Send it as float32",
        ),
        ({"age": np.zeros((1, 1), np.float32)}, "must be float32 [?], received shape [1, 1]."),
        ({"top_k": np.zeros(1, np.int32)}, "'top_k' of signature 'recommend' must be int32 []"),
        (
            {"age": field(types_pb2.DT_FLOAT, [3], tensor_content=b"123")},
            "the values do not make up a float32 tensor of shape [3]",
        ),
        (
            {"age": field(types_pb2.DT_FLOAT, [2**40], float_val=[1.0])},
            "a tensor may have at most 134217728 elements",
        ),
        (
            {"age": np.full(1, -1, np.float32)},
            "signature 'recommend' refused the request: assertion failed: [age must not be",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_invalid_arguments(inputs, request_for, refused, change, text):
    changed = {k: v for k, v in {**inputs(), **change}.items() if v is not None}
    code, details = refused(request_for(changed))
    assert code == "INVALID_ARGUMENT"
    assert text in details
    assert "{{node" not in details


def test_an_unknown_signature_is_a_failed_precondition(inputs, request_for, refused):
    code, details = refused(request_for(inputs(), signature="recomend"))
    assert code == "FAILED_PRECONDITION"
    assert details == (
        "Serving signature key 'recomend' not found. Set model_spec.signature_name to one of "
        "{query_embedding, rank, recommend, similar_items, slow}"
    )


def test_an_empty_signature_name_means_serving_default(inputs, request_for, refused):
    assert "'serving_default' not found" in refused(request_for(inputs(), signature=""))[1]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["score", "price"], "does not return: {price}. Choose from {item_id, retrieval_score"),
        (["score", "score"], "output_filter may name an output once, received {score, score}"),
    ],
)
def test_a_wrong_output_filter_is_an_invalid_argument(inputs, request_for, refused, names, text):
    request = request_for(inputs())
    request.output_filter.extend(names)
    code, details = refused(request)
    assert code == "INVALID_ARGUMENT"
    assert text in details


def test_an_unknown_model_and_version_are_not_found(inputs, request_for, refused):
    code, details = refused(request_for(inputs(), name="recomender"))
    assert (code, "Known: ['recommender']" in details) == ("NOT_FOUND", True)
    request = request_for(inputs())
    request.model_spec.version.value = 8
    code, details = refused(request)
    assert (code, "version 7 is" in details) == ("NOT_FOUND", True)


@pytest.mark.parametrize("sign", ["x", "\N{FIRE}", "\n"])
def test_a_long_refusal_keeps_its_status_and_its_advice(inputs, request_for, refused, sign):
    code, text = refused(request_for(inputs(), name=sign * 20_000))
    assert code == "NOT_FOUND"
    assert text.startswith("Could not find any versions of model '")
    assert " [...] " in text
    assert text.endswith("'. Known: ['recommender']")


def test_a_missing_spec_and_a_label_are_invalid_arguments(inputs, request_for, refused):
    code, details = refused(predict_pb2.PredictRequest())
    assert (code, "Missing ModelSpec" in details) == ("INVALID_ARGUMENT", True)
    request = request_for(inputs())
    request.model_spec.version_label = "stable"
    code, details = refused(request)
    assert (code, "label: 'stable'" in details) == ("INVALID_ARGUMENT", True)


def metadata_request(*fields):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "recommender"
    request.metadata_field.extend(fields)
    return request


def test_metadata_describes_the_signatures(caller):
    response = caller.prediction.GetModelMetadata(metadata_request("signature_def"))
    assert response.model_spec.version.value == 7
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    recommend = signatures.signature_def["recommend"]
    assert recommend.inputs["history_time"].dtype == types_pb2.DT_INT64
    assert [dim.size for dim in recommend.inputs["history_time"].tensor_shape.dim] == [-1, -1]
    assert set(recommend.outputs) == {"item_id", "score", "retrieval_score"}


@pytest.mark.parametrize("fields", [(), ("weights",), ("signature_def", "weights")])
def test_other_metadata_fields_are_invalid_arguments(caller, fields):
    with pytest.raises(grpc.RpcError) as caught:
        caller.prediction.GetModelMetadata(metadata_request(*fields))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert f"the only field there is; received {list(fields)}" in caught.value.details()


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0a\x03\x0a\x01\xff"])
@pytest.mark.parametrize("call", ["PredictionService/Predict", "ModelService/GetModelStatus"])
def test_bytes_that_are_no_request_are_invalid_arguments(caller, data, call):
    raw = caller.channel.unary_unary(f"/tensorflow.serving.{call}")
    with pytest.raises(grpc.RpcError) as caught:
        raw(data, timeout=60)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert f"received {len(data)} bytes that are not" in caught.value.details()
