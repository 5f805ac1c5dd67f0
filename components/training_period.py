"""Which period trained a model: the model's own record, in the folder of its version."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl

from transform.settings import Frozen

_FILE = "assets.extra/training_period.json"


class TrainingPeriod(Frozen):
    """What trained a model.

    Attributes:
        protocol: How rows were held out. With `leave_one_out` the periods of different users
            overlap by design, so no time divides what trained from what measures.
        first_time: Of the behaviours of the training period (unix seconds).
        last_time: The same; what the model may know ends here.
    """

    protocol: Literal["time", "leave_one_out"]
    first_time: int
    last_time: int


def period_of_tiles(
    items: str | Path, protocol: Literal["time", "leave_one_out"]
) -> TrainingPeriod:
    """The period that item aggregates were counted in.

    Args:
        items: `items.parquet` of `components.artifacts.Tiles`.
        protocol: How rows were held out.
    """
    ends = pl.scan_parquet(items).select(pl.col("first_time").min(), pl.col("last_time").max())
    first, last = ends.collect().row(0)
    return TrainingPeriod(protocol=protocol, first_time=first, last_time=last)


def write_period(version: Path, period: TrainingPeriod) -> None:
    """Writes the record into a model's version folder."""
    path = version / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(period.model_dump_json(indent=2) + "\n")


def read_period(version: Path) -> TrainingPeriod | None:
    """The record of a model, None where it has none."""
    path = version / _FILE
    return TrainingPeriod.model_validate_json(path.read_text()) if path.exists() else None
