"""Rows -> files of serialized examples, a shard of a split each."""

from __future__ import annotations

import pyarrow as pa

from transform import features as f
from transform.job.records import write_records
from transform.job.tables import join, make_folder, whole_file
from transform.rows.examples import serialize


def write_shard(batch: pa.RecordBatch, folder: str, split: str, number: int, total: int) -> None:
    """Writes one shard of a split."""
    target = join(folder, f"Split-{split}")
    make_folder(target)
    with whole_file(join(target, f"data_tfrecord-{number:05d}-of-{total:05d}.gz")) as file:
        write_records(file, serialize(batch))


def write_catalogue(batch: pa.RecordBatch, folder: str) -> None:
    """Writes the catalogue split, in one shard."""
    write_shard(batch, folder, f.CATALOGUE, 0, 1)
