"""Columns -> serialized `tf.Example` protos, the same bytes for the same rows.

tfx_bsl's encoder is fast, but it writes the map of features in an order that changes from process
to process. So each column is encoded on its own, as an example of one feature; the map entries are
then joined in the order of their names.
"""

from __future__ import annotations

import pyarrow as pa
from tfx_bsl.coders import example_coder

# Field 1, length-delimited: `features` in Example, and each entry of the map in Features.
_FIELD_1 = 0x0A


def serialize(batch: pa.RecordBatch) -> list[bytes]:
    """Encodes each row of a batch of list columns; a null list is an absent feature."""
    names = sorted(batch.schema.names)
    columns = [_map_entries(batch.column(name), name) for name in names]
    return [_example(b"".join(entries)) for entries in zip(*columns, strict=True)]


def _map_entries(column: pa.Array, name: str) -> list[bytes]:
    alone = pa.RecordBatch.from_arrays([column], [name])
    return [_features(example) for example in example_coder.RecordBatchToExamples(alone)]


def _features(example: bytes) -> bytes:
    """The serialized Features inside a serialized Example: what follows tag and length."""
    start = 1
    while start < len(example) and example[start] & 0x80:
        start += 1
    return example[start + 1 :]


def _example(features: bytes) -> bytes:
    length, header = len(features), bytearray([_FIELD_1])
    while length > 0x7F:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return bytes(header) + features
