"""Tensor protos to arrays and back as TensorFlow does it, and ragged rows to dense arrays."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.tensors import MAX_ELEMENTS, dense, dtype_name, from_proto, write_tensor
from serving.wire.messages import TensorProto


def proto(dtype, shape, **values):
    dims = {"dim": [{"size": size} for size in shape]}
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=dims, **values)


numbers = nps.arrays(
    dtype=st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.bool_]),
    shape=nps.array_shapes(min_dims=0, max_dims=3, min_side=0),
)


TYPES = [tf.dtypes.as_dtype(number) for number in (*range(1, 11), 14, *range(17, 20), 22, 23)]


@given(numbers)
def test_numbers_come_back_bit_for_bit(array):
    np.testing.assert_array_equal(from_proto(tf.make_tensor_proto(array)), array)


def written(values, dtype):
    """A proto of ours as TensorFlow reads it."""
    ours = TensorProto()
    write_tensor(ours, values, dtype.as_datatype_enum)
    return tensor_pb2.TensorProto.FromString(ours.SerializeToString())


@given(numbers)
def test_what_is_written_is_what_tensorflow_reads(array):
    got = tf.make_ndarray(written(array, tf.dtypes.as_dtype(array.dtype)))
    np.testing.assert_array_equal(got, array)
    assert (got.dtype, got.shape) == (array.dtype, array.shape)


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_each_type_reads_as_in_tensorflow(dtype, count):
    values = [b"a", b"b", b"c", b"d"] if dtype == tf.string else [1, 0, 1, 1]
    values = [bool(value) for value in values] if dtype == tf.bool else values
    one_by_one = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    one_by_one.tensor_shape.dim.add(size=4)
    for value in values[:count]:
        one_by_one.MergeFrom(field_of(tf.make_tensor_proto(value, dtype=dtype)))
    in_one = tf.make_tensor_proto(np.array(values, dtype.as_numpy_dtype), dtype=dtype)
    for encoded in (one_by_one, in_one):
        want = tf.make_ndarray(encoded).tolist()
        want = [cell or b"" for cell in want] if dtype == tf.string else want
        assert from_proto(encoded).tolist() == want


def field_of(scalar):
    """The values of a proto, without its type and shape."""
    kept = tensor_pb2.TensorProto()
    kept.CopyFrom(scalar)
    kept.ClearField("tensor_shape")
    kept.ClearField("tensor_content")
    if scalar.tensor_content:
        bare = tf.make_ndarray(scalar)
        field = {"complex64": "scomplex_val", "complex128": "dcomplex_val"}[bare.dtype.name]
        getattr(kept, field).extend([bare.real, bare.imag])
    return kept


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.name)
def test_each_type_is_written_as_tensorflow_writes_it(dtype):
    values = ["a", b"b"] if dtype == tf.string else [True, False] if dtype == tf.bool else [1, 2]
    got = tf.make_ndarray(written([values, values], dtype))
    np.testing.assert_array_equal(got, tf.constant([values, values], dtype).numpy())
    assert dtype_name(dtype.as_datatype_enum) == dtype.name


@pytest.mark.parametrize(
    ("values", "dtype", "error", "text"),
    [
        ([1.5], tf.int64, TypeError, "float64 is not int64"),
        (["a"], tf.float32, TypeError, "<U1 is not float32"),
        ([1], tf.bool, TypeError, "int64 is not bool"),
        ([True], tf.int32, TypeError, "bool is not int32"),
        ([b"a", 1], tf.string, TypeError, "int is not a string"),
        ([None], tf.float32, TypeError, "object is not float32"),
        ([2**31], tf.int32, ValueError, "does not fit into int32"),
        ([-1], tf.uint64, ValueError, "does not fit into uint64"),
        ([2**80], tf.int64, TypeError, "object is not int64"),
        (["\ud800"], tf.string, ValueError, "surrogates not allowed"),
        ([[1, 2], [3]], tf.int32, ValueError, "inhomogeneous"),
    ],
)
def test_what_a_type_cannot_hold_is_refused(values, dtype, error, text):
    with pytest.raises(error, match=text):
        written(values, dtype)


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
        (proto(types_pb2.DT_FLOAT, [2**40, 0]), rf"at most {MAX_ELEMENTS} elements"),
        (proto(types_pb2.DT_FLOAT, [2], tensor_content=b"123"), r"float32 tensor of shape \[2\]"),
        (proto(types_pb2.DT_INT64, [2], int64_val=[1, 2, 3]), r"int64 tensor of shape \[2\]"),
        (proto(types_pb2.DT_STRING, [2], tensor_content=b"\x05a"), "string tensor of shape"),
        (proto(types_pb2.DT_BOOL, [2], tensor_content=b"\1\2"), "neither 0 nor 1"),
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


INTS = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 1, 255, 70_000])
FLOATS = st.floats(width=32)
VALUES = {
    **dict.fromkeys(("half_val", "int_val"), INTS),
    **dict.fromkeys(("float_val", "double_val", "scomplex_val", "dcomplex_val"), FLOATS),
    "string_val": st.binary(max_size=3),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "bool_val": st.booleans(),
    "uint32_val": st.integers(0, 2**32 - 1),
    "uint64_val": st.integers(0, 2**64 - 1),
}
ANY_PROTO = st.builds(
    lambda dtype, shape, content, values: proto(dtype, shape, tensor_content=content, **values),
    st.sampled_from([0, 20, 99, *(dtype.as_datatype_enum for dtype in TYPES)]),
    st.lists(st.integers(-1, 3), max_size=3),
    st.just(b"") | st.binary(max_size=24) | st.lists(st.integers(0, 2), max_size=12).map(bytes),
    st.fixed_dictionaries({}, optional={n: st.lists(v, max_size=3) for n, v in VALUES.items()}),
)


@settings(max_examples=400, deadline=None)
@given(ANY_PROTO)
def test_what_is_read_is_what_tensorflow_reads(encoded):
    """Whatever the proto: it is refused, or it means the same; and nobody crashes."""
    try:
        array = from_proto(encoded)
    except ValueError:
        return
    dtype = tf.dtypes.as_dtype(encoded.dtype)
    theirs = np.asarray(tf.io.parse_tensor(encoded.SerializeToString(), dtype).numpy())
    assert array.shape == theirs.shape
    assert repr(array.ravel().tolist()) == repr(theirs.ravel().tolist())  # NaN is NaN


@pytest.mark.parametrize(
    ("value", "size", "filled"),
    [
        ("a", 2**22, 25 * (2**22 - 1)),
        ("x" * 10_000, 2**13, 10_024 * (2**13 - 1)),  # few places, each a long copy
        (1.0, 2**25, 4 * (2**25 - 1)),
    ],
)
def test_a_few_bytes_do_not_fill_the_memory(value, size, filled) -> None:
    proto = tf.make_tensor_proto([value])
    proto.tensor_shape.dim[0].size = size
    with pytest.raises(ValueError, match=rf"received 1 of {size} values, which leaves {filled}"):
        from_proto(proto)
    proto.tensor_shape.dim[0].size = size // 4
    assert from_proto(proto).shape == (size // 4,)  # control: as much as a large message holds
