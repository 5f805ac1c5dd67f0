"""Tensor protos of the gRPC API to NumPy arrays and back, and ragged rows to dense arrays.

The protos are taken as they come: TensorFlow's own, or those of `serving.wire`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A proto names its shape in a few bytes, so a shape alone could ask for any amount of memory.
MAX_ELEMENTS = 2**27

DT_FLOAT = 1
DT_STRING = 7

# TensorFlow's DataType -> the name people write, which is NumPy's too, and the field of values.
_TYPES = {
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    4: ("uint8", "int_val"),
    5: ("int16", "int_val"),
    6: ("int8", "int_val"),
    7: ("string", "string_val"),
    8: ("complex64", "scomplex_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
    14: ("bfloat16", "half_val"),
    17: ("uint16", "int_val"),
    18: ("complex128", "dcomplex_val"),
    19: ("float16", "half_val"),
    22: ("uint32", "uint32_val"),
    23: ("uint64", "uint64_val"),
}
# Fields whose numbers are not those of the tensor but make them up: bits, and pairs of parts.
_PARTS = {"half_val": np.uint16, "scomplex_val": np.float32, "dcomplex_val": np.float64}
# Bytes that left-out values may take once they are filled in: as many as a large message holds.
MAX_FILLED_BYTES = 2**26
_STRING_BYTES = 24  # of a string in a tensor, beside what it says
# Kind of a NumPy type -> kinds it takes values of, without a change of meaning.
_TAKES = {"f": "fiu", "V": "fiu", "i": "iu", "u": "iu", "b": "b", "c": "cfiu"}


def from_proto(proto: Any) -> NDArray[Any]:
    """The array that a TensorProto holds, from `tensor_content` or from the `*_val` fields.

    As in TensorFlow, the last value fills what is left of the shape, and no values are zeros.
    Strings come back as an object array of bytes.

    Raises:
        ValueError: The proto does not describe a tensor; the message says the rule and the value.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError("a tensor needs a fully known shape without negative dimensions")
    size = math.prod(shape)
    if max(size, *shape, 0) > MAX_ELEMENTS:  # one empty dimension makes no other one small
        raise ValueError(f"a tensor may have at most {MAX_ELEMENTS} elements, received {shape}")
    kind = dtype_name(proto.dtype)
    try:
        if proto.dtype == DT_STRING:
            return _strings(proto, size).reshape(shape)
        return _numbers(proto, kind, size).reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"the values do not make up a {kind} tensor of shape {shape}: {error}"
        ) from error


def write_tensor(proto: Any, values: Any, dtype: int) -> None:
    """Fills an empty TensorProto.

    Args:
        proto: The proto.
        values: An array, a number or nested lists: of str or bytes for strings, otherwise of
            numbers of the type's kind (a float takes integers, an integer no floats).
        dtype: TensorFlow's DataType of the tensor.

    Raises:
        TypeError: A value of another type.
        ValueError: A number that the type cannot hold, or rows of unequal length.
    """
    proto.dtype = dtype
    if dtype == DT_STRING:
        array = np.asarray(values, dtype=object)
        proto.string_val.extend(map(_encoded, array.ravel().tolist()))
    else:
        array = _cast(np.asarray(values), _numpy_type(dtype_name(dtype)))
        proto.tensor_content = array.tobytes()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)


def dtype_name(dtype: int) -> str:
    """Name of a DataType enum value, as people write it: `int64`, `float32`, `string`."""
    return _TYPES[dtype][0] if dtype in _TYPES else f"unknown type {dtype}"


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


@cache
def _numpy_type(name: str) -> np.dtype[Any]:
    # NumPy learns bfloat16 from TensorFlow; a process without it has no such values either.
    return np.dtype(name).newbyteorder("<")


def _numbers(proto: Any, kind: str, size: int) -> NDArray[Any]:
    dtype = _numpy_type(kind)
    if proto.tensor_content:
        if kind == "bool" and max(proto.tensor_content) > 1:
            raise ValueError("a byte of it is neither 0 nor 1")
        return np.frombuffer(proto.tensor_content, dtype)
    field = _TYPES[proto.dtype][1]
    given = getattr(proto, field)
    values = np.fromiter(given, _PARTS.get(field, dtype), count=len(given))
    return _filled(values.view(dtype) if field in _PARTS else values, size, 0)


def _strings(proto: Any, size: int) -> NDArray[Any]:
    content = proto.tensor_content
    values = _unpacked(content, size) if content else list(proto.string_val)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return _filled(array, size, b"")


def _filled(values: NDArray[Any], size: int, nothing: Any) -> NDArray[Any]:
    if len(values) >= size:
        return values
    last = values[-1] if len(values) else nothing
    each = _STRING_BYTES + len(last) if isinstance(last, bytes) else values.dtype.itemsize
    filled = (size - len(values)) * each
    if filled > MAX_FILLED_BYTES:  # a few bytes must not cost gigabytes
        raise ValueError(
            f"values that are left out may fill at most {MAX_FILLED_BYTES} bytes, received "
            f"{len(values)} of {size} values, which leaves {filled} bytes to fill"
        )
    return np.concatenate([values, np.full(size - len(values), last, dtype=values.dtype)])


def _unpacked(content: bytes, size: int) -> list[bytes]:
    """TensorFlow's packed form of strings: their lengths as varints, then their bytes."""
    lengths, at = [], 0
    for _ in range(size):
        length = shift = 0
        while True:
            if at == len(content):
                raise ValueError("the content ends within the lengths of its strings")
            byte = content[at]
            length |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
        lengths.append(length)
    if at + sum(lengths) != len(content):
        raise ValueError(
            f"the strings have {sum(lengths)} bytes, the content holds {len(content) - at}"
        )
    strings = []
    for length in lengths:
        strings.append(content[at : at + length])
        at += length
    return strings


def _cast(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if array.size and array.dtype.kind not in _TAKES[dtype.kind]:
        raise TypeError(f"{array.dtype} is not {dtype.name}")
    with np.errstate(over="ignore"):  # what a float cannot hold is an infinity
        cast = array.astype(dtype)
    if dtype.kind in "iu" and not np.array_equal(cast, array):
        raise ValueError(f"a value does not fit into {dtype.name}")
    return cast


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{type(value).__name__} is not a string")
