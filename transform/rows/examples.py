"""Columns -> serialized `tf.Example` protos, the same bytes for the same rows.

The wire format is put together by Arrow's own kernels, a column at a time. The official encoder is
slower where rows have many features, and writes the map of features in an order that changes from
process to process; here it is the order of their names.

Wire format: https://protobuf.dev/programming-guides/encoding, `tensorflow/core/example/*.proto`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Length-delimited fields by number: `features` of Example, each entry of the map in Features, the
# key of an entry, the values of a list. The value of an entry is field 2.
_FIELD_1 = b"\x0a"
_FIELD_2 = b"\x12"
_BYTES_LIST = b"\x0a"
_FLOAT_LIST = b"\x12"
_INT64_LIST = b"\x1a"


def serialize(batch: pa.RecordBatch) -> list[bytes]:
    """Encodes each row of a batch of list columns; a null list is an absent feature.

    Args:
        batch: Columns of lists of binary, float32 or int64 values.

    Raises:
        TypeError: If a column holds something else.
    """
    names = sorted(batch.schema.names)
    entries = [_entries(name, batch.column(name)) for name in names]
    none = pa.repeat(pa.scalar(b""), batch.num_rows)
    features = pc.binary_join_element_wise(*entries, none, b"", null_handling="skip")
    rows: list[bytes] = _field(_FIELD_1, features).to_pylist()
    return rows


def _entries(name: str, column: pa.ListArray) -> pa.BinaryArray:
    """The map entry of a feature in each row; null where the row lacks it."""
    key = name.encode()
    key_field = _FIELD_1 + _varint(len(key)) + key
    value = _field(_FIELD_2, _feature(name, column))
    return _field(_FIELD_1, pc.binary_join_element_wise(key_field, value, b""))


def _feature(name: str, column: pa.ListArray) -> pa.BinaryArray:
    kind = column.type.value_type
    if pa.types.is_binary(kind):
        values = _field(_FIELD_1, column.flatten())
        lists = pa.ListArray.from_arrays(_offsets(column), values)
        return _field(_BYTES_LIST, _as_in(column, pc.binary_join(lists, b"")))
    if pa.types.is_float32(kind):
        packed = _slices(column.flatten().to_numpy().view(np.uint8), 4 * _places(column))
        return _field(_FLOAT_LIST, _as_in(column, _packed(packed)))
    if pa.types.is_int64(kind):
        data, lengths = _varints(column.flatten().to_numpy())
        ends = np.concatenate([[0], np.cumsum(lengths)])
        return _field(_INT64_LIST, _as_in(column, _packed(_slices(data, ends[_places(column)]))))
    raise TypeError(
        f"A feature must hold binary, float32 or int64 values. Received: {name} of {kind}. "
        "Cast the column."
    )


def _field(tag: bytes, content: pa.BinaryArray) -> pa.BinaryArray:
    """A length-delimited field."""
    data, lengths = _varints(pc.binary_length(content).fill_null(0).to_numpy())
    sizes = _slices(data, np.concatenate([[0], np.cumsum(lengths)]))
    return pc.binary_join_element_wise(tag, sizes, content, b"")


def _packed(values: pa.BinaryArray) -> pa.BinaryArray:
    """Numbers of a list as its one field; an empty list has none."""
    empty = pc.equal(pc.binary_length(values), 0)
    return pc.if_else(empty, pa.scalar(b"", pa.binary()), _field(_FIELD_1, values))


def _places(column: pa.ListArray) -> NDArray[np.int64]:
    """Where the lists of a column begin among its values, and where the last one ends."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy()
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _offsets(column: pa.ListArray) -> pa.Array:
    return pa.array(_places(column), pa.int32())


def _as_in(column: pa.ListArray, rows: pa.BinaryArray) -> pa.BinaryArray:
    """Rows, null where the column is."""
    return pc.if_else(column.is_valid(), rows, None) if column.null_count else rows


def _slices(data: NDArray[np.uint8], places: NDArray[np.int64]) -> pa.BinaryArray:
    """Stretches of bytes that follow one another."""
    offsets = pa.py_buffer(places.astype(np.int32))
    return pa.Array.from_buffers(
        pa.binary(), len(places) - 1, [None, offsets, pa.py_buffer(np.ascontiguousarray(data))]
    )


def _varints(values: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Base-128 varints: their bytes one after the other, and the length of each."""
    unsigned = values.astype(np.int64, copy=False).view(np.uint64)
    if unsigned.max(initial=0) < 0x80:
        return unsigned.astype(np.uint8), np.ones(len(unsigned), np.int64)
    width = max(1, -(-int(unsigned.max(initial=0)).bit_length() // 7))
    groups = np.empty((len(unsigned), width), np.uint8)
    for place in range(width):
        groups[:, place] = (unsigned >> np.uint64(7 * place)).astype(np.uint8) | 0x80
    lengths = np.ones(len(unsigned), np.int64)
    for place in range(1, width):
        lengths += unsigned >= np.uint64(1 << 7 * place)
    # The last byte of a number says so by its highest bit.
    groups[np.arange(len(unsigned)), lengths - 1] &= 0x7F
    if (lengths == width).all():
        return groups.ravel(), lengths
    return groups[np.arange(width) < lengths[:, None]], lengths


def _varint(value: int) -> bytes:
    return bytes(_varints(np.array([value]))[0])
