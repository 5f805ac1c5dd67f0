"""Raw example rows as columns, decoded by the thousand and not one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import polars as pl
import pyarrow as pa
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

_BATCH = 4096
_TYPES = {"bytes": schema_pb2.BYTES, "int": schema_pb2.INT, "float": schema_pb2.FLOAT}
_DTYPES = {"bytes": pl.Binary, "int": pl.Int64, "float": pl.Float32}

ValueType = Literal["bytes", "int", "float"]


def read_records(uris: Sequence[str]) -> Iterator[bytes]:
    """Serialized rows of a split, in file order.

    Args:
        uris: Folders of the split, as `artifact_utils.get_split_uris` gives them.
    """
    files = [file for uri in uris for file in sorted(tf.io.gfile.glob(f"{uri}/*"))]
    if not files:
        raise ValueError(
            f"A split needs at least one file of rows. Received: {list(uris)}, which hold none."
        )
    return iter(tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator())


def read_columns(uris: Sequence[str], columns: Mapping[str, ValueType]) -> pl.DataFrame:
    """Some features of the rows of a split.

    Args:
        uris: Folders of the split.
        columns: Feature -> type of its values.

    Returns:
        One list column for each feature; an absent feature is an empty list.
    """
    feature = [schema_pb2.Feature(name=name, type=_TYPES[kind]) for name, kind in columns.items()]
    decoder = ExamplesToRecordBatchDecoder(schema_pb2.Schema(feature=feature).SerializeToString())
    batches = [decoder.DecodeBatch(batch) for batch in _batched(read_records(uris))]
    empty = pl.DataFrame(schema={name: pl.List(_DTYPES[kind]) for name, kind in columns.items()})
    if not batches:
        return empty
    frame = pl.DataFrame(pa.Table.from_batches(batches)).select(*columns)
    return frame.with_columns(pl.all().fill_null([])).cast(dict(empty.schema))


def _batched(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
