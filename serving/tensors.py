"""Tensor protos of the gRPC API to NumPy arrays, and ragged rows to dense arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import tensor_pb2, types_pb2

# A proto names its shape in a few bytes, so a shape alone could ask for any amount of memory.
MAX_ELEMENTS = 2**27

# DataType -> dtype, and the field that holds its values where they are not one block of bytes.
_PLAIN: dict[int, tuple[np.dtype[Any], str]] = {
    types_pb2.DT_FLOAT: (np.dtype(np.float32), "float_val"),
    types_pb2.DT_DOUBLE: (np.dtype(np.float64), "double_val"),
    types_pb2.DT_INT32: (np.dtype(np.int32), "int_val"),
    types_pb2.DT_INT64: (np.dtype(np.int64), "int64_val"),
}


def from_proto(proto: tensor_pb2.TensorProto) -> NDArray[Any]:
    """The array that a proto holds, from `tensor_content` or from the `*_val` fields.

    Strings come back as an object array of bytes.

    Raises:
        ValueError: The proto does not describe a tensor; the message says the rule and the value.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError("a tensor needs a fully known shape without negative dimensions")
    size = math.prod(shape)
    if size > MAX_ELEMENTS:
        raise ValueError(f"a tensor may have at most {MAX_ELEMENTS} elements, received {shape}")
    if proto.dtype == types_pb2.DT_STRING and len(proto.string_val) == size:
        strings = np.empty(size, dtype=object)
        strings[:] = proto.string_val
        return strings.reshape(shape)
    known = _PLAIN.get(proto.dtype)
    if known is not None:  # several times faster than `make_ndarray`
        dtype, field = known
        if len(proto.tensor_content) == size * dtype.itemsize:
            return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
        values = getattr(proto, field)
        if len(values) == size and not proto.tensor_content:
            return np.array(values, dtype).reshape(shape)
    return _any_form(proto, shape)


def _any_form(proto: tensor_pb2.TensorProto, shape: Sequence[int]) -> NDArray[Any]:
    """Every dtype and abbreviation that TensorFlow knows, such as one value for all elements."""
    try:
        if proto.dtype == types_pb2.DT_STRING and proto.tensor_content:
            # TensorFlow's packed form of strings, which make_ndarray does not read.
            return np.asarray(
                tf.io.parse_tensor(proto.SerializeToString(), tf.string).numpy(), dtype=object
            )
        return np.asarray(tf.make_ndarray(proto))
    except (TypeError, ValueError, tf.errors.OpError) as error:
        kind = dtype_name(proto.dtype)
        raise ValueError(
            f"the values do not make up a {kind} tensor of shape {list(shape)}: {error}"
        ) from error


def dtype_name(dtype: int) -> str:
    """Name of a DataType enum value, as people write it: `int64`, `float32`, `string`."""
    try:
        return str(tf.dtypes.as_dtype(dtype).name)
    except TypeError:  # 0, or a value that no type has
        return f"unknown type {dtype}"


def dense(rows: Sequence[Sequence[Any]], padding: str | int | float) -> NDArray[Any]:
    """Ragged rows as one array [rows, longest], padded at the end.

    There is always at least one column, so that no graph has to reduce over an empty axis.
    """
    width = max([1, *map(len, rows)])
    dtype = {str: object, int: np.int64, float: np.float32}[type(padding)]
    array = np.full((len(rows), width), padding, dtype=dtype)
    for row, values in zip(array, rows, strict=True):
        row[: len(values)] = values
    return array
