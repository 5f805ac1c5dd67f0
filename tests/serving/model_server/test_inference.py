"""Classify, Regress and MultiInference over real gRPC, on a model that reads tf.Examples."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from serving.model_server.inference import CLASSIFY_METHOD, REGRESS_METHOD


@pytest.fixture(scope="module")
def server(toy_models, scorer_model, tmp_path_factory):
    """A server with the scorer and the toy recommender: (gRPC port, REST port)."""
    from serving.model_server.rest.server import RestOptions
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    folder = tmp_path_factory.mktemp("scorer")
    shutil.copytree(scorer_model, folder / "scorer" / "5")
    shutil.copytree(toy_models / "1", folder / "recommender" / "1")
    models = {
        name: ModelVersions(name, folder / name, load_servable, poll_seconds=0)
        for name in ("scorer", "recommender")
    }
    server = ModelServer(models, "127.0.0.1", 0, rest=RestOptions())
    port = server.start()
    yield port, server.rest_port
    server.stop(5)


@pytest.fixture(scope="module")
def scorer(server, call):
    """Stubs of that server."""
    return call(f"127.0.0.1:{server[0]}").prediction


def example(**features):
    wrapped = {
        key: tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        for key, value in features.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=wrapped))


def fill(request, *values, signature="", name="scorer", context=None):
    request.model_spec.name, request.model_spec.signature_name = name, signature
    fill_input(request.input, values, context)
    return request


def fill_input(proto, values, context=None):
    examples = [example() if value is None else example(x=value) for value in values]
    if context is None:
        proto.example_list.examples.extend(examples)
    else:
        proto.example_list_with_context.examples.extend(examples)
        proto.example_list_with_context.context.CopyFrom(example(x=context))


def classify(*values, **where):
    return fill(classification_pb2.ClassificationRequest(), *values, **where)


def regress(*values, **where):
    return fill(regression_pb2.RegressionRequest(), *values, **where)


def test_classes_have_their_labels_and_scores(scorer):
    response = scorer.Classify(classify(0.25, 1.0, signature="both"))
    rows = [[(c.label, c.score) for c in row.classes] for row in response.result.classifications]
    assert rows == [[("yes", 0.25), ("no", 0.75)], [("yes", 1.0), ("no", 0.0)]]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("scorer", 5, "both")


def test_scores_alone_come_without_labels(scorer):
    (row,) = scorer.Classify(classify(0.25, signature="scores_only")).result.classifications
    assert [(c.label, c.score) for c in row.classes] == [("", 0.25), ("", 0.75)]


def values(response):
    return [regression.value for regression in response.result.regressions]


def test_each_example_has_its_value(scorer):
    response = scorer.Regress(regress(0.5, 2.0))
    assert values(response) == [0.5, 2.0]
    assert response.model_spec.signature_name == "serving_default"
    assert values(scorer.Regress(regress(0.5, 2.0, signature="twice"))) == [1.0, 4.0]


def test_the_context_holds_where_an_example_says_nothing(scorer):
    assert values(scorer.Regress(regress(0.5, None, context=3.0))) == [0.5, 3.0]
    assert values(scorer.Regress(regress(0.5, None))) == [0.5, 0.0]


def multi(*tasks, name="scorer"):
    request = inference_pb2.MultiInferenceRequest()
    for method, signature in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    fill_input(request.input, [0.25])
    return request


def test_several_signatures_answer_on_the_same_examples(scorer):
    request = multi((REGRESS_METHOD, "twice"), (CLASSIFY_METHOD, "both"))
    twice, both = scorer.MultiInference(request).results
    assert twice.regression_result.regressions[0].value == 0.5
    assert both.classification_result.classifications[0].classes[1].score == 0.75
    assert (both.model_spec.version.value, both.model_spec.signature_name) == (5, "both")


def refused(method, request):
    with pytest.raises(grpc.RpcError) as caught:
        method(request, timeout=60)
    return caught.value.code().name, caught.value.details()


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (classify(1, signature="none"), "INVALID_ARGUMENT", "key 'none' not found"),
        (
            classify(1, name="recommender", signature="rank"),
            "INVALID_ARGUMENT",
            "to classify, signature 'rank' must have one input, 'inputs', of serialized "
            "tf.Examples and outputs among {classes, scores}; it has {age float32 [?], ",
        ),
        (regress(1, signature="both"), "INVALID_ARGUMENT", "outputs among {outputs}"),
        (regress(1, signature="other_name"), "FAILED_PRECONDITION", "-> {value float32 [?]}"),
        (
            regress(1, signature="whole"),
            "INVALID_ARGUMENT",
            "output 'outputs' of signature 'whole' must be float32 [?], it is int32 [?]",
        ),
        (regress(1, signature="numbers"), "INVALID_ARGUMENT", "it has {inputs float32 [?]} -> "),
        (
            regress(1, 2, signature="one_for_all"),
            "INVALID_ARGUMENT",
            "must have the shape [2] or [2, 1], it has [1]. Call Predict instead",
        ),
        (regress(), "INVALID_ARGUMENT", "Input is empty: it must hold at least one tf.Example"),
        (regress(1, name="none"), "NOT_FOUND", "Known: ['recommender', 'scorer']"),
    ],
)
def test_what_a_signature_cannot_do_is_told(scorer, request_, code, text):
    is_classify = isinstance(request_, classification_pb2.ClassificationRequest)
    got = refused(scorer.Classify if is_classify else scorer.Regress, request_)
    assert got[0] == code
    assert text in got[1]


def test_an_example_of_another_type_is_an_invalid_argument(scorer):
    request = regress(1)
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"one"]))
    request.input.example_list.examples[0].features.feature["x"].CopyFrom(feature)
    code, text = refused(scorer.Regress, request)
    assert code == "INVALID_ARGUMENT"
    assert "signature 'serving_default' refused the request" in text


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (multi(), "INVALID_ARGUMENT", "must have at least one task"),
        (
            multi((REGRESS_METHOD, ""), (REGRESS_METHOD, "serving_default")),
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: serving_default",
        ),
        (
            multi(("tensorflow/serving/predict", "")),
            "UNIMPLEMENTED",
            "Unsupported signature method_name: 'tensorflow/serving/predict'",
        ),
    ],
)
def test_tasks_that_cannot_be_done_are_told(scorer, request_, code, text):
    got = refused(scorer.MultiInference, request_)
    assert got[0] == code
    assert text in got[1]


def test_tasks_of_two_models_are_refused(scorer):
    request = multi((REGRESS_METHOD, ""), (REGRESS_METHOD, "twice"))
    request.tasks[1].model_spec.name = "recommender"
    code, text = refused(scorer.MultiInference, request)
    assert (code, "must access the same model name" in text) == ("INVALID_ARGUMENT", True)


def over_rest(server, call, body):
    url = f"http://127.0.0.1:{server[1]}/v1/models/scorer:{call}"
    request = urllib.request.Request(url, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_classes_and_values_over_rest(server):
    both = {"signature_name": "both", "examples": [{"x": 0.25}, {"x": [1.0]}]}
    assert over_rest(server, "classify", both) == (
        200,
        {"results": [[["yes", 0.25], ["no", 0.75]], [["yes", 1.0], ["no", 0.0]]]},
    )
    body = {"context": {"x": 0.2}, "examples": [{"x": 0.5}, {"name": ["a", {"b64": "Yg=="}]}, {}]}
    assert over_rest(server, "regress", body) == (200, {"results": [0.5, 0.2, 0.2]})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "'examples' must be a list of at least one object, received nothing"),
        ({"examples": []}, "received []"),
        ({"examples": [1]}, "an example must be an object, received 1"),
        ({"examples": [{"x": "a"}]}, "signature 'serving_default' refused the request"),
        ({"examples": [{"x": [1, "a"]}]}, "feature 'x' must hold strings"),
        ({"examples": [{"x": [[1]]}]}, "all of one kind; received [[1]]"),
        ({"examples": [{"x": True}]}, "received true"),
        ({"examples": [{"x": 2**64}]}, "integers of 64 bits"),
        ({"examples": [{"x": 1.0}], "context": 3}, "an example must be an object, received 3"),
    ],
)
def test_examples_that_do_not_fit_are_refused_over_rest(server, body, text):
    status, answer = over_rest(server, "regress", body)
    assert status == 400
    assert text in answer["error"]


def test_every_kind_of_request_warms_a_version_up(scorer_model, tmp_path):
    from tensorflow_serving.apis import prediction_log_pb2

    from serving.model_server.servables import Servable
    from serving.model_server.warmup import WARM_UP_FILE, WarmUpError, warm_up

    shutil.copytree(scorer_model, tmp_path / "1")
    file = tmp_path / "1" / WARM_UP_FILE
    file.parent.mkdir()
    logs = [prediction_log_pb2.PredictionLog() for _ in range(3)]
    logs[0].classify_log.request.CopyFrom(classify(1, signature="both"))
    logs[1].regress_log.request.CopyFrom(regress(1))
    logs[2].multi_inference_log.request.CopyFrom(multi((CLASSIFY_METHOD, "both")))

    def write(records):
        with tf.io.TFRecordWriter(str(file)) as writer:
            for record in records:
                writer.write(record.SerializeToString())

    servable = Servable(tmp_path / "1", 1)
    write(logs)
    assert warm_up(tmp_path / "1", servable) == 3
    logs[1].regress_log.request.model_spec.signature_name = "both"
    write(logs)
    with pytest.raises(WarmUpError, match=r"record 2 of .* to regress, signature 'both' must"):
        warm_up(tmp_path / "1", servable)
    servable.close()


def test_an_input_with_a_default_may_be_left_out():
    from tensorflow.core.protobuf import meta_graph_pb2

    from serving.model_server.signatures import Signature

    proto = meta_graph_pb2.SignatureDef()
    for name in ("a", "b"):
        proto.inputs[name].dtype = tf.int32.as_datatype_enum
        proto.inputs[name].tensor_shape.SetInParent()
    proto.defaults["b"].CopyFrom(tf.make_tensor_proto(np.int32(7)))
    signature = Signature.from_proto("s", proto)
    one = tf.make_tensor_proto(np.int32(1))
    assert [int(array) for array in signature.feeds({"a": one})] == [1, 7]
    assert [int(array) for array in signature.feeds({"a": one, "b": one})] == [1, 1]
    with pytest.raises(Exception, match=r"Missing but required: \{a\}"):
        signature.feeds({"b": one})
