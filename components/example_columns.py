"""Raw example rows as columns, decoded by the thousand and not one by one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    return itertools.chain.from_iterable(_record_batches(uris))


def _record_batches(uris: Sequence[str]) -> Iterator[list[bytes]]:
    """The same by the thousand: to hand over a single row takes longer than to read it."""
    files = [file for uri in uris for file in sorted(tf.io.gfile.glob(f"{uri}/*"))]
    if not files:
        raise ValueError(
            f"A split needs at least one file of rows. Received: {list(uris)}, which hold none."
        )
    batches = tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_BATCH)
    return (batch.tolist() for batch in batches.as_numpy_iterator())


def read_batches(
    uris: Sequence[str], columns: Mapping[str, ValueType]
) -> Iterator[tuple[list[bytes], pl.DataFrame]]:
    """Batches of a split's rows, serialized and decoded.

    Args:
        uris: Folders of the split.
        columns: Feature -> type of its values.

    Yields:
        Serialized rows, and one list column for each feature; an absent feature is an empty list.
    """
    decode = decoder(columns)
    for batch in _record_batches(uris):
        yield batch, decode(batch)


def decoder(columns: Mapping[str, ValueType]) -> Callable[[Sequence[bytes]], pl.DataFrame]:
    """A function: serialized rows -> their columns, as `read_batches` decodes them.

    Args:
        columns: Feature -> type of its values.
    """
    feature = [schema_pb2.Feature(name=name, type=_TYPES[kind]) for name, kind in columns.items()]
    schema = schema_pb2.Schema(feature=feature)
    decode = ExamplesToRecordBatchDecoder(schema.SerializeToString()).DecodeBatch
    types = pl.Schema({name: pl.List(_DTYPES[kind]) for name, kind in columns.items()})

    def decoded(records: Sequence[bytes]) -> pl.DataFrame:
        frame = pl.DataFrame(pa.Table.from_batches([decode(list(records))]))
        return frame.select(pl.col(*columns).fill_null([])).cast(types)

    return decoded


def read_columns(uris: Sequence[str], columns: Mapping[str, ValueType]) -> pl.DataFrame:
    """Some features of all rows of a split, as `read_batches` decodes them."""
    types = pl.Schema({name: pl.List(_DTYPES[kind]) for name, kind in columns.items()})
    frames = [frame for _, frame in read_batches(uris, columns)]
    return pl.concat([pl.DataFrame(schema=types), *frames])
