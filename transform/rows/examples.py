"""Columns -> serialized `tf.Example` protos, the same bytes for the same rows.

The wire format is put together a column at a time: what stands before the values of a feature
(tags, its name, lengths) by NumPy, rows by Arrow's kernels, so that a value is copied but a few
times. The official encoder is slower where rows have many features, and writes the map of features
in an order that changes from process to process; here it is the order of their names.

Wire format: https://protobuf.dev/programming-guides/encoding, `tensorflow/core/example/*.proto`.
"""

from __future__ import annotations

from dataclasses import dataclass

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


Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]


def serialize(batch: pa.RecordBatch) -> list[bytes]:
    """Encodes each row of a batch of list columns; a null list is an absent feature.

    Args:
        batch: Columns of lists of binary (also as a dictionary), float32 or int64 values.

    Raises:
        TypeError: If a column holds something else.
    """
    parts: list[pa.BinaryArray] = []
    for name in sorted(batch.schema.names):
        column = batch.column(name)
        values = _values(name, column)
        parts += [_heads(name, column, values), values.rows]
    none = pa.repeat(pa.scalar(b""), batch.num_rows)
    features = pc.binary_join_element_wise(*parts, none, b"")
    rows: list[bytes] = _fields(_FIELD_1, features).to_pylist()
    return rows


@dataclass(frozen=True)
class _Values:
    """The values of a feature.

    Attributes:
        kind: Tag of the list that holds them.
        rows: Their bytes in each row.
        packed: Whether they are one field together; else each is a field.
    """

    kind: bytes
    rows: pa.BinaryArray
    packed: bool


def _values(name: str, column: pa.ListArray) -> _Values:
    kind, flat, places = column.type.value_type, column.flatten(), _places(column)
    if pa.types.is_binary(kind) or pa.types.is_dictionary(kind):
        fields = _value_fields(flat)
        offsets, data = (np.frombuffer(buffer, np.uint8) for buffer in fields.buffers()[1:])
        rows = _slices(data, offsets.view(np.int32)[places].astype(np.int64))
        return _Values(_BYTES_LIST, rows, packed=False)
    if pa.types.is_float32(kind):
        rows = _slices(flat.to_numpy().view(np.uint8), 4 * places)
        return _Values(_FLOAT_LIST, rows, packed=True)
    if pa.types.is_int64(kind):
        data, lengths = _varints(flat.to_numpy())
        return _Values(_INT64_LIST, _slices(data, _ends(lengths)[places]), packed=True)
    raise TypeError(
        f"A feature must hold binary, float32 or int64 values. Received: {name} of {kind}. "
        "Cast the column."
    )


def _value_fields(values: pa.Array) -> pa.BinaryArray:
    """Each value as a field; of a dictionary, each different value is encoded once."""
    if not pa.types.is_dictionary(values.type):
        return _fields(_FIELD_1, values)
    if len(values.dictionary) > len(values):
        return _fields(_FIELD_1, values.dictionary_decode())
    return _fields(_FIELD_1, values.dictionary).take(values.indices)


def _heads(name: str, column: pa.ListArray, values: _Values) -> pa.BinaryArray:
    """What stands before the values of a feature in each row; nothing where the row lacks it."""
    size = pc.binary_length(values.rows).to_numpy().astype(np.int64)
    is_there = column.is_valid().to_numpy(zero_copy_only=False)
    key = name.encode()
    key_field = _FIELD_1 + _varint(len(key)) + key
    # From the inside out: each tag is followed by the size of all that it holds.
    tags = [(values.kind, is_there), (key_field + _FIELD_2, is_there), (_FIELD_1, is_there)]
    if values.packed:
        tags = [(_FIELD_1, size > 0), *tags]
    bytes_: list[Bytes] = []
    used: list[Bools] = []
    for tag, where in tags:
        number, lengths = _varint_cells(size)
        in_every_row = np.broadcast_to(np.frombuffer(tag, np.uint8), (len(size), len(tag)))
        bytes_ = [in_every_row, number, *bytes_]
        in_number = np.arange(number.shape[1]) < lengths[:, None]
        in_tag = np.broadcast_to(where[:, None], (len(size), len(tag)))
        used = [in_tag, in_number & where[:, None], *used]
        size = size + (len(tag) + lengths) * where
    cells, is_used = np.concatenate(bytes_, axis=1), np.concatenate(used, axis=1)
    data = cells.ravel() if is_used.all() else cells[is_used]
    return _slices(data, _ends(is_used.sum(axis=1)))


def _fields(tag: bytes, content: pa.BinaryArray) -> pa.BinaryArray:
    """Length-delimited fields."""
    data, lengths = _varints(pc.binary_length(content).to_numpy())
    return pc.binary_join_element_wise(tag, _slices(data, _ends(lengths)), content, b"")


def _places(column: pa.ListArray) -> Ints:
    """Where the lists of a column begin among its values, and where the last one ends."""
    return _ends(pc.list_value_length(column).fill_null(0).to_numpy())


def _ends(lengths: NDArray[np.integer]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _slices(data: Bytes, places: Ints) -> pa.BinaryArray:
    """Stretches of bytes that follow one another."""
    offsets = pa.py_buffer(places.astype(np.int32))
    return pa.Array.from_buffers(
        pa.binary(), len(places) - 1, [None, offsets, pa.py_buffer(np.ascontiguousarray(data))]
    )


def _varints(values: NDArray[np.integer]) -> tuple[Bytes, Ints]:
    """Base-128 varints: their bytes one after the other, and the length of each."""
    cells, lengths = _varint_cells(values)
    width = cells.shape[1]
    if (lengths == width).all():
        return cells.ravel(), lengths
    return cells[np.arange(width) < lengths[:, None]], lengths


def _varint_cells(values: NDArray[np.integer]) -> tuple[Bytes, Ints]:
    """Base-128 varints: a row of cells for each, and how many of them it uses."""
    unsigned = values.astype(np.int64, copy=False).view(np.uint64)
    if unsigned.max(initial=0) < 0x80:
        return unsigned.astype(np.uint8)[:, None], np.ones(len(unsigned), np.int64)
    width = max(1, -(-int(unsigned.max(initial=0)).bit_length() // 7))
    cells = np.empty((len(unsigned), width), np.uint8)
    for place in range(width):
        cells[:, place] = (unsigned >> np.uint64(7 * place)).astype(np.uint8) | 0x80
    lengths = np.ones(len(unsigned), np.int64)
    for place in range(1, width):
        lengths += unsigned >= np.uint64(1 << 7 * place)
    # The last byte of a number says so by its highest bit.
    cells[np.arange(len(unsigned)), lengths - 1] &= 0x7F
    return cells, lengths


def _varint(value: int) -> bytes:
    return bytes(_varints(np.array([value]))[0])
