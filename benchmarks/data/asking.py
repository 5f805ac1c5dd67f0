"""From the settings file that Sluice reads to the job that its peers are asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.data.job import DAY, Aggregate, Feature, Job
from transform.settings import ExampleSettings, SplitSettings

SETTINGS = Path(__file__).with_name("settings.yaml")
_SECONDS = {"h": 3600, "d": DAY}


def job_for(settings: Path, log: Path, out: Path) -> Job:
    """The job that corresponds to a settings file.

    The peers are handed the two cut-offs of the time line, which Sluice has to find by itself.
    """
    tree = yaml.safe_load(settings.read_text())
    shape = tree.get("examples", {})
    split = SplitSettings(**tree.get("split", {}))
    impression_type = shape.get("impression_type", "impression")
    catalogue_times, validation_from, eval_from = cut_offs(log, split, impression_type)
    return Job(
        log=str(log),
        out=str(out),
        catalogue_times=catalogue_times,
        validation_from=validation_from,
        eval_from=eval_from,
        features=tuple(Feature(**feature) for feature in tree.get("features", ())),
        aggregates=tuple(_aggregate(line) for line in tree.get("aggregates", ())),
        label_types=tuple(shape.get("labels", ())),
        attribution_seconds=shape.get("attribution_hours", 24) * 3600,
        history_length=_shape(shape, "history_length"),
        max_history=_shape(shape, "max_history"),
        ranking_rows_per_user=_shape(shape, "ranking_rows_per_user"),
        held_out_rows_per_user=split.max_rows_per_user,
        candidates=_shape(shape, "candidates"),
        impression_type=impression_type,
    )


def cut_offs(
    log: Path, split: SplitSettings, impression_type: str
) -> tuple[tuple[int, int], int, int]:
    """Last behaviours of training and validation, first seconds of validation and evaluation."""
    behaviour = pl.col("event_type") != impression_type
    keys = ["user_id", "item_id", "event_time", "event_type"]
    events = pl.scan_parquet(log / "events" / "**" / "*.parquet").filter(behaviour)
    line = events.select(keys).unique().select(pl.col("event_time").sort()).collect().to_series()
    held_out = split.eval_fraction + split.validation_fraction
    places = (int(len(line) * (1 - held_out)), int(len(line) * (1 - split.eval_fraction)))
    validation_from, eval_from = (line[place] for place in places)
    last = (line.filter(line < validation_from)[-1], line.filter(line < eval_from)[-1])
    return last, validation_from, eval_from


def _shape(shape: dict[str, Any], name: str) -> int:
    default = ExampleSettings.model_fields[name].default
    return int(shape.get(name, default))


def _aggregate(line: dict[str, Any]) -> Aggregate:
    window = line["window"]
    seconds = int(window[:-1]) * _SECONDS[window[-1]]
    counted = line.get("count") or line["rate"]
    return Aggregate(line["name"], line["of"], counted, line.get("per"), seconds // DAY)
