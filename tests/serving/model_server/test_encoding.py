"""Arrays to protos, as TensorFlow would read them back."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.model_server.encoding import _FIELDS, to_proto
from serving.tensors import from_proto

numeric = [dtype for dtype in _FIELDS if dtype.kind != "O"]


@given(
    hnp.arrays(
        st.sampled_from(numeric), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    ),
    st.booleans(),
)
def test_numbers_come_back_bit_for_bit(array, as_content):
    proto = to_proto(array, as_content)
    assert bool(proto.tensor_content) == (as_content and array.size > 0)
    for back in (tf.make_ndarray(proto), from_proto(proto)):
        assert back.dtype == array.dtype
        np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,), (1, 2)])
def test_strings_come_back(shape):
    array = np.full(shape, b"\xff\0a", dtype=object)
    for as_content in (True, False):
        proto = to_proto(array, as_content)
        assert list(proto.string_val) == [b"\xff\0a"] * array.size
        assert from_proto(proto).tolist() == array.tolist()


def test_other_types_are_left_to_tensorflow():
    array = np.array([1.5, -2.0], dtype=ml_dtypes.bfloat16)
    np.testing.assert_array_equal(tf.make_ndarray(to_proto(array, False)), array)


def test_an_answer_has_the_fields_that_tensorflow_serving_fills(caller, inputs):
    outputs = caller.predict(inputs(k=2)).outputs
    assert list(outputs["retrieval_score"].float_val) == [1.0, 1.0]
    assert not outputs["score"].tensor_content
