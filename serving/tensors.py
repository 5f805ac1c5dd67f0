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


def from_proto(proto: tensor_pb2.TensorProto) -> NDArray[Any]:
    """The array that a proto holds, from `tensor_content` or from the `*_val` fields.

    Strings come back as an object array of bytes.

    Raises:
        ValueError: The proto does not describe a tensor; the message says the rule and the value.
    """
    if proto.tensor_shape.unknown_rank or any(dim.size < 0 for dim in proto.tensor_shape.dim):
        raise ValueError("a tensor needs a fully known shape without negative dimensions")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"a tensor may have at most {MAX_ELEMENTS} elements, received {shape}")
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
            f"the values do not make up a {kind} tensor of shape {shape}: {error}"
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
