"""The straightforward Beam peer: elements one by one, a GroupByKey per user, a proto per row.

As the tutorials do it: `python -m benchmarks.data.per_element JOB SAID`, in Sluice's own
environment. Its files are not compressed, which spares it work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks.data.job import CATALOGUE, DAY, EVAL, RANK_BITS, RANKING, TRAIN, VALIDATION, Job
from benchmarks.data.user_rows import Event, Example, Tiles, UserRows, feature_value, item_value
from benchmarks.said import report

_SPLITS = (TRAIN, RANKING, VALIDATION, EVAL)
_COLUMNS = ["user_id", "item_id", "event_time", "event_type"]


def main() -> None:
    """Runs the job."""
    job, said = Job.read(Path(sys.argv[1])), Path(sys.argv[2])
    began = time.perf_counter()
    run(job)
    report(said, seconds=time.perf_counter() - began)


def run(job: Job) -> None:
    """Builds and writes every split."""
    options = PipelineOptions(["--runner=FnApiRunner", "--direct_running_mode=in_memory"])
    context = [feature.name for feature in job.features_of("context")]
    files = enumerate(job.event_files())
    with beam.Pipeline(options=options) as pipeline:
        events = (
            pipeline
            | "Files" >> beam.Create([(rank, str(file)) for rank, file in files])
            | "Read" >> beam.ParDo(_ReadEvents(context))
        )
        users = (
            pipeline
            | "ReadUsers" >> beam.io.ReadFromParquet(str(Path(job.log, "users.parquet")))
            | "KeyUsers" >> beam.Map(lambda user: (user["user_id"], user))
        )
        tiles = beam.pvalue.AsDict(_tiles(events))
        item_count = beam.pvalue.AsDict(_item_count(events, job))
        rows = (
            {"events": events, "user": users}
            | "GroupByUser" >> beam.CoGroupByKey()
            | "Rows" >> beam.ParDo(_BuildRows(job), tiles, item_count).with_outputs(*_SPLITS)
        )
        for split in _SPLITS:
            _write(rows[split], job, split)
        _write(_catalogue(pipeline, events, job, tiles, item_count), job, CATALOGUE)


class _ReadEvents(beam.DoFn):
    """A file -> its rows, each with its place in the input."""

    def __init__(self, context: list[str]) -> None:
        super().__init__()
        self._context = context

    def process(self, ranked: tuple[int, str]) -> Iterator[tuple[str, Event]]:
        rank, path = ranked
        file = pq.ParquetFile(path)
        present = set(file.schema_arrow.names)
        wanted = [*_COLUMNS, *self._context, *({"request_id"} & present)]
        row = 0
        for batch in file.iter_batches(columns=wanted):
            for record in batch.to_pylist():
                yield (
                    record["user_id"],
                    Event(
                        record["event_time"],
                        (rank << RANK_BITS) + row,
                        record["item_id"],
                        record["event_type"],
                        record.get("request_id"),
                        tuple(record[name] for name in self._context),
                    ),
                )
                row += 1


class _BuildRows(beam.DoFn):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._rows: UserRows | None = None

    def process(
        self,
        grouped: tuple[str, Mapping[str, Iterable[Any]]],
        tiles: Tiles,
        item_count: Mapping[str, int],
    ) -> Iterator[beam.pvalue.TaggedOutput]:
        if self._rows is None:
            self._rows = UserRows(self._job, tiles, item_count)
        user_id, parts = grouped
        user: Mapping[str, Any] = next(iter(parts["user"]), {})
        for split, row in self._rows.build(user_id, list(parts["events"]), user):
            yield beam.pvalue.TaggedOutput(split, row)


def _tiles(events: beam.PCollection[tuple[str, Event]]) -> beam.PCollection[Any]:
    """(item, type) -> its days and cumulative counts."""

    def cumulated(tile: tuple[Any, Iterable[tuple[int, int]]]) -> tuple[Any, Any]:
        key, counts = tile
        days = sorted(counts)
        return key, ([day for day, _ in days], list(accumulate(count for _, count in days)))

    return (
        events
        | "TileEvents" >> _Distinct()
        | "DayKeys" >> beam.Map(lambda e: ((e[1], e[3], e[2] // DAY), 1))
        | "CountDays" >> beam.CombinePerKey(sum)
        | "TileKeys" >> beam.Map(lambda kv: ((kv[0][0], kv[0][1]), (kv[0][2], kv[1])))
        | "GroupDays" >> beam.GroupByKey()
        | "Cumulate" >> beam.Map(cumulated)
    )


def _item_count(events: beam.PCollection[tuple[str, Event]], job: Job) -> beam.PCollection[Any]:
    """Item -> its training behaviours."""
    return (
        events
        | "CountedEvents" >> _Distinct()
        | "Training"
        >> beam.Filter(lambda e: e[2] < job.validation_from and e[3] != job.impression_type)
        | "ItemKeys" >> beam.Map(lambda e: (e[1], 1))
        | "CountItems" >> beam.CombinePerKey(sum)
    )


class _Distinct(beam.PTransform):
    """(user, item, time, type) of every event, once."""

    def expand(self, events: beam.PCollection[tuple[str, Event]]) -> beam.PCollection[Any]:
        return (
            events | beam.Map(lambda e: (e[0], e[1].item, e[1].time, e[1].type)) | beam.Distinct()
        )


def _catalogue(
    pipeline: beam.Pipeline,
    events: beam.PCollection[tuple[str, Event]],
    job: Job,
    tiles: Any,
    item_count: Any,
) -> beam.PCollection[Example]:
    """One row for each item of the items table or of the log."""
    described = (
        pipeline
        | "ReadItems" >> beam.io.ReadFromParquet(str(Path(job.log, "items.parquet")))
        | "KeyItems" >> beam.Map(lambda item: (item["item_id"], item))
    )
    seen = events | "Seen" >> beam.Map(lambda e: e[1].item) | "SeenOnce" >> beam.Distinct()

    def row(
        item: tuple[str, Mapping[str, Iterable[Any]]], tiles: Tiles, count: Mapping[str, int]
    ) -> Example:
        item_id, parts = item
        known: Mapping[str, Any] = next(iter(parts["item"]), {})
        example: Example = {"item_id": [item_id], "item_count": [count.get(item_id, 0)]}
        for feature in job.features_of("candidate"):
            example[feature.name] = feature_value(known.get(feature.name), feature.kind)
        for limit in ("available_from", "available_to"):
            time = known.get(limit)
            example[f"item_{limit}"] = [] if time is None else [time]
        for aggregate in job.aggregates_of("item"):
            days = (time // DAY for time in job.catalogue_times)
            example[aggregate.name] = [item_value(aggregate, tiles, item_id, day) for day in days]
        return example

    return (
        {"item": described, "seen": seen | "SeenKeys" >> beam.Map(lambda item: (item, None))}
        | "GroupByItem" >> beam.CoGroupByKey()
        | "CatalogueRows" >> beam.Map(row, tiles, item_count)
    )


def _write(rows: beam.PCollection[Example], job: Job, split: str) -> None:
    path = str(Path(job.out, f"Split-{split}", "part"))
    _ = (
        rows
        | f"Serialize-{split}" >> beam.Map(to_example)
        | f"Write-{split}" >> beam.io.WriteToTFRecord(path, file_name_suffix=".tfrecord")
    )


def to_example(row: Example) -> bytes:
    """A row as a serialized proto, feature by feature."""
    example = tf.train.Example()
    for name, values in row.items():
        feature = example.features.feature[name]
        if not values:
            continue
        if isinstance(values[0], str):
            feature.bytes_list.value.extend(value.encode() for value in values)
        elif isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        else:
            feature.float_list.value.extend(values)
    serialized: bytes = example.SerializeToString()
    return serialized


if __name__ == "__main__":
    main()
