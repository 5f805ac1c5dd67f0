"""Arrays to the tensor protos of an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import tensor_pb2, types_pb2

# NumPy dtype -> DataType, and the field of TensorProto that holds its values.
_FIELDS = {
    np.dtype(np.float32): (types_pb2.DT_FLOAT, "float_val"),
    np.dtype(np.float64): (types_pb2.DT_DOUBLE, "double_val"),
    np.dtype(np.int8): (types_pb2.DT_INT8, "int_val"),
    np.dtype(np.int16): (types_pb2.DT_INT16, "int_val"),
    np.dtype(np.int32): (types_pb2.DT_INT32, "int_val"),
    np.dtype(np.int64): (types_pb2.DT_INT64, "int64_val"),
    np.dtype(np.uint8): (types_pb2.DT_UINT8, "int_val"),
    np.dtype(np.uint16): (types_pb2.DT_UINT16, "int_val"),
    np.dtype(np.uint32): (types_pb2.DT_UINT32, "uint32_val"),
    np.dtype(np.uint64): (types_pb2.DT_UINT64, "uint64_val"),
    np.dtype(np.bool_): (types_pb2.DT_BOOL, "bool_val"),
    np.dtype(np.object_): (types_pb2.DT_STRING, "string_val"),
}


def to_proto(array: NDArray[Any], as_content: bool) -> tensor_pb2.TensorProto:
    """The proto of an array.

    Args:
        array: The values; strings as an object array of bytes.
        as_content: Numbers as one block of bytes, which is smaller and faster, in place of a
            repeated field, which is what TensorFlow Serving sends unless it is told otherwise.
    """
    known = _FIELDS.get(array.dtype)
    if known is None:
        proto: tensor_pb2.TensorProto = tf.make_tensor_proto(array)
        return proto
    dtype, field = known
    proto = tensor_pb2.TensorProto(dtype=dtype)
    shape = proto.tensor_shape
    shape.SetInParent()
    for size in array.shape:
        shape.dim.add(size=size)
    if as_content and dtype != types_pb2.DT_STRING:
        proto.tensor_content = array.tobytes()
    else:
        getattr(proto, field).extend(array.ravel().tolist())
    return proto
