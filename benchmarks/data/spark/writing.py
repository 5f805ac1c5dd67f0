"""Rows that leave Spark as Arrow batches become TFRecord files, one of each split a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast, TaskContext

from benchmarks.data.job import CATALOGUE, EVAL, RANKING, RUNGS, TRAIN, VALIDATION, Feature, Job
from benchmarks.data.spark.tiles import Tiles
from benchmarks.data.tf_example import RecordFile, encode

# Columns that a table of items may have: from when and until when an item is shown.
AVAILABILITY = ("available_from", "available_to")

WRITTEN = "split string, rows bigint"
_HISTORY = ["history_item_id", "history_event_type", "history_time"]
Columns = dict[str, pa.Array]


def writer(
    job: Job, tiles: Broadcast[Tiles]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function for `mapInArrow`: writes all rows of a task and yields how many."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        task = TaskContext.get()
        number = task.partitionId() if task else 0
        files: dict[str, RecordFile] = {}
        rows = dict.fromkeys((TRAIN, RANKING, VALIDATION, EVAL), 0)
        for batch in batches:
            for split in rows:
                part = batch.filter(pc.equal(batch["split"], split))
                if not part.num_rows:
                    continue
                if split not in files:
                    folder = Path(job.out, f"Split-{split}")
                    files[split] = RecordFile(folder / f"part-{number:05d}.gz")
                files[split].write(encode(_columns(part, split, job, tiles.value)))
                rows[split] += part.num_rows
        for file in files.values():
            file.close()
        yield pa.RecordBatch.from_pydict({"split": list(rows), "rows": list(rows.values())})

    return write


def write_catalogue(items: pa.Table, tiles: Tiles, job: Job) -> None:
    """Writes one row for each item of the items table or of the log."""
    joined = (
        pa.table({"item_id": tiles.items})
        .join(_first_of_each(items), "item_id", join_type="full outer")
        .combine_chunks()
    )
    item_ids = joined["item_id"].combine_chunks()
    code = tiles.codes(item_ids)
    count = np.where(code < 0, 0, tiles.trained[code])
    columns = {"item_id": item_ids, "item_count": pa.array(count, pa.int64())}
    for feature in job.features_of("candidate"):
        columns[feature.name] = _feature(joined[feature.name].combine_chunks(), feature)
    for limit in set(AVAILABILITY).intersection(items.column_names):
        columns[f"item_{limit}"] = joined[limit].combine_chunks()
    times = np.tile(job.catalogue_times, len(code))
    moments = len(job.catalogue_times)
    for aggregate in job.aggregates_of("item"):
        values = tiles.values(aggregate, np.repeat(code, moments), times)
        columns[aggregate.name] = _lists(pa.array(values), np.full(len(code), moments))
    file = RecordFile(Path(job.out, f"Split-{CATALOGUE}", "part-00000.gz"))
    file.write(encode(columns))
    file.close()


def _first_of_each(items: pa.Table) -> pa.Table:
    place = pa.array(np.arange(len(items)))
    items = items.set_column(0, "item_id", items["item_id"].cast(pa.string()))
    first = items.append_column("place", place).group_by("item_id").aggregate([("place", "min")])
    return items.take(first["place_min"].sort())


def _columns(part: pa.RecordBatch, split: str, job: Job, tiles: Tiles) -> Columns:
    columns = {name: part[name] for name in ("user_id", "request_time", *_HISTORY)}
    for feature in job.features_of("query") + job.features_of("context"):
        columns[feature.name] = _feature(part[feature.name], feature)
    if split == TRAIN:
        return columns
    for aggregate in job.aggregates_of("user"):
        columns[aggregate.name] = part[aggregate.name]
    if split == RANKING:
        candidates = {
            name: part[name]
            for name in (
                "candidate_item_id",
                "label",
                *(f"label_{kind}" for kind in job.label_types),
            )
        }
        code = tiles.codes(part["candidate_item_id"].flatten())
        counts = pc.list_value_length(part["candidate_item_id"]).to_numpy()
        ones = np.ones(len(code), np.float32)
        candidates["candidate_probability"] = _lists(pa.array(ones), counts)
    else:
        columns |= _target(part, tiles)
        candidates, code, counts = _sampled(part, job, tiles)
    time = np.repeat(part["request_time"].to_numpy(), counts)
    for aggregate in job.aggregates_of("item"):
        values = pa.array(tiles.values(aggregate, code, time))
        candidates[aggregate.name] = _lists(values, counts)
    return columns | candidates


def _target(part: pa.RecordBatch, tiles: Tiles) -> Columns:
    code = tiles.codes(part["target_item_id"])
    shown = pc.list_value_length(part["history_item_id"]).to_numpy()
    return {
        "target_item_id": part["target_item_id"],
        "user_rung": _rungs(shown),
        "item_rung": _rungs(np.where(code < 0, 0, tiles.trained[code])),
    }


def _sampled(
    part: pa.RecordBatch, job: Job, tiles: Tiles
) -> tuple[Columns, np.ndarray, np.ndarray]:
    """The target and uniform negatives of each row."""
    known = np.flatnonzero(tiles.trained)
    negatives = min(job.candidates - 1, len(known))
    drawn = np.random.default_rng().choice(known, (part.num_rows, negatives))
    code = np.concatenate([tiles.codes(part["target_item_id"])[:, None], drawn], axis=1)
    label = np.zeros(code.shape, np.float32)
    label[:, 0] = 1
    probability = np.full(code.shape, negatives / len(known), np.float32)
    probability[:, 0] = 1
    counts = np.full(part.num_rows, code.shape[1])
    columns = {
        "candidate_item_id": _lists(tiles.items.take(pa.array(code.ravel())), counts),
        "label": _lists(pa.array(label.ravel()), counts),
        "candidate_probability": _lists(pa.array(probability.ravel()), counts),
    }
    return columns, code.ravel(), counts


def _feature(values: pa.Array, feature: Feature) -> pa.Array:
    """A declared feature: text is "" and a number absent when missing."""
    if feature.kind == "number":
        return values.cast(pa.float32())
    return pc.fill_null(values.cast(pa.string()), "")


def _rungs(counts: np.ndarray) -> pa.Array:
    lowest = np.array([low for low, _ in RUNGS])
    names = pa.array([name for _, name in RUNGS])
    return names.take(pa.array(np.searchsorted(lowest, counts, side="right") - 1))


def _lists(values: pa.Array, counts: np.ndarray) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
