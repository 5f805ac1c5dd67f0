"""Predict, GetModelMetadata and the tf.Example calls: answers and codes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)


def test_predict_answers_by_output_name_with_the_effective_spec(server, request_of):
    response = server.predict(request_of(rows=2))
    outputs = {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}
    assert outputs["item_id"].tolist() == [[b"bread", b"cheese", b"dates"]] * 2
    np.testing.assert_allclose(outputs["score"], [[0.8, 0.7, 0.6]] * 2, rtol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("recommender", 1, "recommend")


def test_output_filter_limits_the_answer(server, request_of):
    request = request_of()
    request.output_filter.append("score")
    assert list(server.predict(request).outputs) == ["score"]


def test_a_version_can_be_named(server, request_of):
    assert server.predict(request_of(version=1)).model_spec.version.value == 1


def proto(dtype, shape, **values):
    dims = {"dim": [{"size": size} for size in shape]}
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=dims, **values)


@pytest.mark.parametrize(
    "change",
    [
        {"history_time": proto(types_pb2.DT_INT64, [1, 1], int64_val=[3])},
        {"history_time": proto(types_pb2.DT_INT64, [1, 1], tensor_content=b"\3" + b"\0" * 7)},
        {"age": proto(types_pb2.DT_FLOAT, [1], float_val=[2.5])},
        {"history_item_id": proto(types_pb2.DT_STRING, [1, 1], string_val=[b"apple"])},
        {"history_item_id": proto(types_pb2.DT_STRING, [1, 1], tensor_content=b"\5apple")},
    ],
)
def test_both_encodings_of_a_tensor_are_read(server, request_of, change):
    items = tf.make_ndarray(server.predict(request_of(change)).outputs["item_id"])
    assert items.tolist() == [[b"bread", b"cheese", b"dates"]]


@pytest.mark.parametrize(
    "change",
    [
        {"age": None},
        {"colour": np.int32(1)},
        {"age": np.zeros(1, np.int64)},
        {"age": np.zeros((1, 1), np.float32)},
        {"top_k": np.zeros(1, np.int32)},
        {"age": np.full(1, -1, np.float32)},  # refused inside the graph
        {"age": proto(types_pb2.DT_FLOAT, [3], tensor_content=b"123")},
        {"age": proto(types_pb2.DT_FLOAT, [-1], float_val=[1.0])},
    ],
)
def test_inputs_that_do_not_fit_are_invalid_arguments(server, request_of, code_of, change):
    assert code_of(server.prediction.Predict, request_of(change)) == "INVALID_ARGUMENT"


@pytest.mark.parametrize("names", [["price"], ["score", "score"]])
def test_a_wrong_output_filter_is_an_invalid_argument(server, request_of, code_of, names):
    request = request_of()
    request.output_filter.extend(names)
    assert code_of(server.prediction.Predict, request) == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"name": "none"}, "NOT_FOUND"),
        ({"version": 99}, "NOT_FOUND"),
        ({"label": "none"}, "INVALID_ARGUMENT"),
        ({"name": ""}, "INVALID_ARGUMENT"),
        ({"signature": "none"}, "FAILED_PRECONDITION"),
        ({"signature": ""}, "FAILED_PRECONDITION"),  # the model has no serving_default
    ],
)
def test_what_is_not_there_has_its_code(server, request_of, code_of, spec, code):
    assert code_of(server.prediction.Predict, request_of(**spec)) == code


def test_an_empty_request_is_an_invalid_argument(server, code_of):
    assert code_of(server.prediction.Predict, predict_pb2.PredictRequest()) == "INVALID_ARGUMENT"


def metadata_request(*fields, name="recommender"):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name
    return request


def test_metadata_describes_the_signatures(server):
    response = server.prediction.GetModelMetadata(metadata_request("signature_def"), timeout=60)
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    time = signatures.signature_def["recommend"].inputs["history_time"]
    assert time.dtype == types_pb2.DT_INT64
    assert [dim.size for dim in time.tensor_shape.dim] == [-1, -1]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (metadata_request(), "INVALID_ARGUMENT"),
        (metadata_request("weights"), "INVALID_ARGUMENT"),
        (metadata_request("signature_def", name="none"), "NOT_FOUND"),
    ],
)
def test_metadata_that_is_not_there_has_its_code(server, code_of, request_, code):
    assert code_of(server.prediction.GetModelMetadata, request_) == code


def example(value):
    numbers = tf.train.FloatList(value=[value])
    feature = {"x": tf.train.Feature(float_list=numbers)}
    return tf.train.Example(features=tf.train.Features(feature=feature))


def with_examples(request, *values, signature="", name="scorer"):
    request.model_spec.name, request.model_spec.signature_name = name, signature
    request.input.example_list.examples.extend(map(example, values))
    return request


def classify(*values, **where):
    return with_examples(classification_pb2.ClassificationRequest(), *values, **where)


def regress(*values, **where):
    return with_examples(regression_pb2.RegressionRequest(), *values, **where)


def test_examples_are_classified_and_regressed(server):
    both = server.prediction.Classify(classify(0.25, 1.0, signature="both"), timeout=60)
    rows = [[(c.label, c.score) for c in row.classes] for row in both.result.classifications]
    assert rows == [[("yes", 0.25), ("no", 0.75)], [("yes", 1.0), ("no", 0.0)]]
    values = server.prediction.Regress(regress(0.5, 2.0, signature="twice"), timeout=60)
    assert [one.value for one in values.result.regressions] == [1.0, 4.0]
    assert values.model_spec.version.value == 1


def multi(*tasks):
    request = inference_pb2.MultiInferenceRequest()
    for method, signature in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "scorer", signature
    request.input.example_list.examples.append(example(0.25))
    return request


def test_several_signatures_answer_on_the_same_examples(server):
    request = multi(("regress", "twice"), ("classify", "scores_only"))
    twice, scores = server.prediction.MultiInference(request, timeout=60).results
    assert twice.regression_result.regressions[0].value == 0.5
    assert scores.classification_result.classifications[0].classes[1].score == 0.75


@pytest.mark.parametrize(
    ("method", "request_", "code"),
    [
        ("Regress", regress(1, signature="none"), "INVALID_ARGUMENT"),
        ("Regress", regress(1, signature="both"), "INVALID_ARGUMENT"),
        ("Regress", regress(1, signature="other_name"), "FAILED_PRECONDITION"),
        ("Regress", regress(), "INVALID_ARGUMENT"),
        ("Regress", regress(1, name="none"), "NOT_FOUND"),
        ("Classify", classify(1, name="recommender", signature="rank"), "INVALID_ARGUMENT"),
        ("MultiInference", multi(("regress", ""), ("regress", "")), "INVALID_ARGUMENT"),
        ("MultiInference", multi(("predict", "")), "UNIMPLEMENTED"),
    ],
)
def test_what_a_signature_cannot_do_has_its_code(server, code_of, method, request_, code):
    assert code_of(getattr(server.prediction, method), request_) == code
