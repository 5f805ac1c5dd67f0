"""Tensor protos to arrays, and ragged rows to dense arrays."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.tensors import MAX_ELEMENTS, dense, dtype_name, from_proto


def proto(dtype, shape, **values):
    dims = {"dim": [{"size": size} for size in shape]}
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=dims, **values)


numbers = nps.arrays(
    dtype=st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.bool_]),
    shape=nps.array_shapes(min_dims=0, max_dims=3, min_side=0),
)


@given(numbers)
def test_numbers_come_back_bit_for_bit(array):
    np.testing.assert_array_equal(from_proto(tf.make_tensor_proto(array)), array)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_strings_come_back_from_either_encoding(strings):
    array = np.array([*strings, None], dtype=object)[:-1]  # keep NumPy from guessing
    by_value = proto(types_pb2.DT_STRING, [len(strings)], string_val=strings)
    packed = tensor_pb2.TensorProto.FromString(tf.io.serialize_tensor(array).numpy())
    if not packed.tensor_content:
        packed = proto(types_pb2.DT_STRING, [len(strings)], tensor_content=pack(strings))
    for encoded in (by_value, packed):
        assert from_proto(encoded).tolist() == strings


def pack(strings):
    """TensorFlow's packed form: the lengths as varints, then the bytes."""

    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)

    return b"".join(varint(len(s)) for s in strings) + b"".join(strings)


def test_a_short_list_of_values_is_filled_with_the_last_as_tensorflow_does():
    short = proto(types_pb2.DT_INT64, [4], int64_val=[1, 2])
    assert from_proto(short).tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (proto(types_pb2.DT_FLOAT, [-1]), "fully known shape without negative dimensions"),
        (
            tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape={"unknown_rank": True}),
            "fully known shape",
        ),
        (
            proto(types_pb2.DT_FLOAT, [2**20, 2**20], float_val=[0.0]),
            rf"at most {MAX_ELEMENTS} elements, received \[1048576, 1048576\]",
        ),
        (proto(types_pb2.DT_FLOAT, [2], tensor_content=b"123"), r"float32 tensor of shape \[2\]"),
        (proto(types_pb2.DT_INT64, [2], int64_val=[1, 2, 3]), r"int64 tensor of shape \[2\]"),
        (proto(types_pb2.DT_STRING, [2], tensor_content=b"\x05a"), "string tensor of shape"),
        (proto(types_pb2.DT_INVALID, []), "unknown type 0 tensor"),
    ],
)
def test_what_is_no_tensor_is_refused(bad, text):
    with pytest.raises(ValueError, match=text):
        from_proto(bad)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [(types_pb2.DT_FLOAT, "float32"), (types_pb2.DT_STRING, "string"), (99, "unknown type 99")],
)
def test_a_dtype_reads_as_people_write_it(dtype, name):
    assert dtype_name(dtype) == name


def test_ragged_rows_are_padded_at_the_end():
    text = dense([("a", "b", "c"), (), ("d",)], "")
    assert text.tolist() == [["a", "b", "c"], ["", "", ""], ["d", "", ""]]
    times = dense([(5, 9), ()], 0)
    assert times.tolist() == [[5, 9], [0, 0]]
    assert times.dtype == np.int64


def test_rows_that_are_all_empty_still_have_a_column():
    assert dense([(), ()], "").tolist() == [[""], [""]]
