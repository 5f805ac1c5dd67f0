"""Events -> examples on Beam: partitions of users in, files of serialized examples out.

Beam distributes partitions; the work inside one is columnar. A partition writes its own shards, so
the rows and their bytes do not depend on the runner, on the number of workers or on the order in
which partitions are done.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.metric import Metrics, MetricsFilter
from apache_beam.runners.runner import PipelineResult

from transform import features as f
from transform.event_log import EventLog, Histories
from transform.examples import serialize
from transform.records import write_records
from transform.rows import Shop, build_rows

# Events of a partition: large enough for columnar speed, small enough for several at once.
PARTITION_EVENTS = 50_000

_COUNTERS = "sluice/rows"


@dataclass(frozen=True)
class Shard:
    """A partition and its place among all."""

    number: int
    total: int
    histories: Histories


class WriteExamples(beam.PTransform):
    """Builds and writes the rows of every partition.

    Input: `Shard`s. Output: pairs (split, rows) for each file; `rows_written` sums them up.
    """

    def __init__(self, shop: Shop, folder: str) -> None:
        super().__init__()
        self._shop = shop
        self._folder = folder

    def expand(self, shards: beam.PCollection[Shard]) -> beam.PCollection[tuple[str, int]]:
        """Applies the transform."""
        shop = shards.pipeline | "Shop" >> beam.Create([self._shop])
        return (
            shards
            | "Spread" >> beam.Reshuffle()
            | "Build" >> beam.ParDo(_BuildShard(self._folder), shop=beam.pvalue.AsSingleton(shop))
        )


class _BuildShard(beam.DoFn):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def process(self, shard: Shard, shop: Shop) -> Iterator[tuple[str, int]]:
        for split, batch in build_rows(shard.histories, shop).items():
            write_shard(batch, self._folder, split, shard.number, shard.total)
            Metrics.counter(_COUNTERS, split).inc(batch.num_rows)
            yield split, batch.num_rows


def rows_written(result: PipelineResult) -> dict[str, int]:
    """Rows that a finished pipeline wrote, by split."""
    counters = result.metrics().query(MetricsFilter().with_namespace(_COUNTERS))["counters"]
    return {counter.key.metric.name: counter.committed for counter in counters}


def shards(log: EventLog) -> list[Shard]:
    """Divides a log into partitions of users."""
    parts = list(log.histories.partitions(PARTITION_EVENTS))
    return [Shard(number, len(parts), part) for number, part in enumerate(parts)]


def write_shard(batch: pa.RecordBatch, folder: str, split: str, number: int, total: int) -> None:
    """Writes one shard of a split, under a temporary name first: half a file is never seen."""
    target = FileSystems.join(folder, f"Split-{split}")
    path = FileSystems.join(target, f"data_tfrecord-{number:05d}-of-{total:05d}.gz")
    if not FileSystems.exists(target):
        FileSystems.mkdirs(target)
    temporary = FileSystems.join(target, f".{uuid.uuid4().hex}.part")
    # The suffix says .gz, but the stream is compressed already.
    with FileSystems.create(temporary, compression_type="uncompressed") as file:
        write_records(file, serialize(batch))
    FileSystems.rename([temporary], [path])


def write_catalogue(batch: pa.RecordBatch, folder: str) -> None:
    """Writes the catalogue split, in one shard."""
    write_shard(batch, folder, f.CATALOGUE, 0, 1)
