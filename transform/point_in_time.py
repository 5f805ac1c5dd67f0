"""Events -> examples on Beam: partitions of users in, files of serialized examples out.

Beam distributes partitions; the work inside one is columnar. A partition writes its own shards, so
the rows and their bytes do not depend on the runner, on the number of workers or on the order in
which partitions are done.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.metric import Metrics, MetricsFilter
from apache_beam.runners.runner import PipelineResult

from transform import features as f
from transform.examples import serialize
from transform.records import write_records
from transform.rows import Shop, build_rows
from transform.staging import Staged

_COUNTERS = "sluice/rows"


class WriteExamples(beam.PTransform):
    """Builds and writes the rows of every staged partition.

    Applied to a pipeline; `rows_written` tells afterwards what was written.
    """

    def __init__(self, staged: Staged, folder: str) -> None:
        """Prepares the transform.

        Args:
            staged: The log in partitions.
            folder: Where the splits go.
        """
        super().__init__()
        self._staged = staged
        self._folder = folder

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Applies the transform."""
        return (
            pipeline
            | "Partitions" >> beam.Create(range(self._staged.partitions))
            | "Spread" >> beam.Reshuffle()
            | "Build" >> beam.ParDo(_BuildShard(self._staged, self._folder))
        )


class _BuildShard(beam.DoFn):
    def __init__(self, staged: Staged, folder: str) -> None:
        super().__init__()
        self._staged = staged
        self._folder = folder
        self._shop: Shop | None = None

    def process(self, number: int) -> Iterator[None]:
        if self._shop is None:
            self._shop = self._staged.shop()
        for split, batch in build_rows(self._staged.histories(number), self._shop).items():
            write_shard(batch, self._folder, split, number, self._staged.partitions)
            Metrics.counter(_COUNTERS, split).inc(batch.num_rows)
        yield


def rows_written(result: PipelineResult) -> dict[str, int]:
    """Rows that a finished pipeline wrote, by split."""
    counters = result.metrics().query(MetricsFilter().with_namespace(_COUNTERS))["counters"]
    return {counter.key.metric.name: counter.committed for counter in counters}


def write_shard(batch: pa.RecordBatch, folder: str, split: str, number: int, total: int) -> None:
    """Writes one shard of a split, under a temporary name first: half a file is never seen."""
    target = FileSystems.join(folder, f"Split-{split}")
    path = FileSystems.join(target, f"data_tfrecord-{number:05d}-of-{total:05d}.gz")
    _make_folder(target)
    temporary = FileSystems.join(target, f".{uuid.uuid4().hex}.part")
    # The suffix says .gz, but the stream is compressed already.
    with FileSystems.create(temporary, compression_type="uncompressed") as file:
        write_records(file, serialize(batch))
    FileSystems.rename([temporary], [path])


def _make_folder(folder: str) -> None:
    if FileSystems.exists(folder):
        return
    try:
        FileSystems.mkdirs(folder)
    except OSError:
        # Another worker may have been faster.
        if not FileSystems.exists(folder):
            raise


def write_catalogue(batch: pa.RecordBatch, folder: str) -> None:
    """Writes the catalogue split, in one shard."""
    write_shard(batch, folder, f.CATALOGUE, 0, 1)
