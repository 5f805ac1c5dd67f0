"""Queries to the protos that a signature declares."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from serving.inputs import InputError, fill_inputs, query_inputs
from serving.query import Query
from serving.wire.messages import PredictRequest

QUERIES = [
    Query("ann", 100, ("a", "b"), ("view", "click"), (10, 20), ("x",), {"age": 30}),
    Query("nobody", 100, features={"city": "Rome"}),
]


def declared(**dtypes):
    return {name: meta_graph_pb2.TensorInfo(dtype=dtype) for name, dtype in dtypes.items()}


CONTRACT = {
    "user_id": types_pb2.DT_STRING,
    "history_item_id": types_pb2.DT_STRING,
    "history_event_type": types_pb2.DT_STRING,
    "history_time": types_pb2.DT_INT64,
    "exclude_item_id": types_pb2.DT_STRING,
    "request_time": types_pb2.DT_INT64,
}


def filled(inputs, signature):
    """The inputs as the server reads them."""
    ours, theirs = PredictRequest(), predict_pb2.PredictRequest()
    for request in (ours, theirs):
        fill_inputs(request.inputs, inputs, signature)
    assert predict_pb2.PredictRequest.FromString(ours.SerializeToString()) == theirs
    return {name: tf.make_ndarray(proto) for name, proto in theirs.inputs.items()}


def arrays(inputs, **features):
    return filled(inputs, declared(**CONTRACT, **features))


def test_queries_become_dense_inputs():
    got = arrays(query_inputs(QUERIES), age=types_pb2.DT_FLOAT, city=types_pb2.DT_STRING)
    assert np.isnan(got["age"][1])  # what training reads where a number is missing
    got["age"] = got["age"][:1]
    assert {name: array.tolist() for name, array in got.items()} == {
        "user_id": [b"ann", b"nobody"],
        "history_item_id": [[b"a", b"b"], [b"", b""]],
        "history_event_type": [[b"view", b"click"], [b"", b""]],
        "history_time": [[10, 20], [0, 0]],
        "exclude_item_id": [[b"x"], [b""]],
        "request_time": [100, 100],
        "age": [30.0],
        "city": [b"", b"Rome"],
    }
    assert got["age"].dtype == np.float32
    assert got["history_time"].dtype == np.int64


def test_a_feature_that_no_query_has_is_missing_for_all():
    got = arrays(
        query_inputs([QUERIES[0], QUERIES[0]]),
        age=types_pb2.DT_INT64,
        city=types_pb2.DT_STRING,
        when=types_pb2.DT_INT64,
    )
    assert got["when"].tolist() == [0, 0]
    assert got["city"].tolist() == [b"", b""]
    assert got["age"].dtype == np.int64


def shaped(dtype, *shape):
    info = meta_graph_pb2.TensorInfo(dtype=dtype)
    for size in shape:
        info.tensor_shape.dim.add(size=size)
    return info


BY_CATEGORY = {
    "liked_key": shaped(types_pb2.DT_STRING, -1, -1),
    "liked_value": shaped(types_pb2.DT_FLOAT, -1, -1),
}


@pytest.mark.parametrize(
    ("liked", "keys", "values"),
    [
        (({"jazz": 2.0, "folk": 0.5}, {}), [[b"jazz", b"folk"], [b"", b""]], [[2.0, 0.5], [0, 0]]),
        (({}, {}), [[b""], [b""]], [[0.0], [0.0]]),
    ],
)
def test_values_by_category_become_two_inputs(liked, keys, values):
    queries = [Query("u", 1, category_values={"liked": known}) for known in liked]
    got = filled(query_inputs(queries), declared(**CONTRACT) | BY_CATEGORY)
    assert got["liked_key"].tolist() == keys
    assert got["liked_value"].tolist() == values
    assert got["liked_value"].dtype == np.float32


def test_values_by_category_that_no_query_has_are_padding():
    got = filled(query_inputs(QUERIES[:1]), declared(**CONTRACT, age=1) | BY_CATEGORY)
    assert got["liked_key"].tolist() == [[b""]]
    assert got["liked_value"].shape == (1, 1)


def test_an_undeclared_feature_is_told():
    with pytest.raises(InputError, match=r"no input 'city'\. Leave it out, or choose from .*'age'"):
        arrays(query_inputs(QUERIES), age=types_pb2.DT_FLOAT)


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        ("thirty", types_pb2.DT_FLOAT, r"'age' takes float32, received \['thirty'\]"),
        (30.5, types_pb2.DT_INT64, r"'age' takes int64, received \[30\.5\]"),
        (30, types_pb2.DT_STRING, r"'age' takes string, received \[30\]"),
    ],
)
def test_a_value_of_another_type_is_told(value, dtype, text):
    with pytest.raises(InputError, match=text):
        arrays(query_inputs([Query("u", 1, features={"age": value})]), age=dtype)
