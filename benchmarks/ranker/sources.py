"""The logs on which rankers are held against each other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kept import simulated_log
from pipeline.datasets import complete_journey
from pipeline.loading import cache_dir

_LOG_SEED = 3


@dataclass(frozen=True)
class Source:
    """A log, and how its ranking rows become those of both sides.

    Attributes:
        name: Its name.
        settings: Of the pipeline that makes the rows.
        rows_side: The module that divides them.
        log: Brings the log, where it is not there yet; a folder for it -> where it lies.
    """

    name: str
    settings: Path
    rows_side: str
    log: Callable[[Path], Path]


def _shop(folder: Path, **size: int) -> Path:
    return simulated_log(folder / str(size["events"]), seed=_LOG_SEED, **size)


def _complete_journey(_: Path) -> Path:
    return complete_journey.fetch(cache_dir()).folder


def _settings(name: str) -> Path:
    return Path(__file__).parent / "settings" / f"{name}.yaml"


SHOP = Source(
    "shop",
    _settings("shop"),
    "benchmarks.ranker.shown_rows_side",
    functools.partial(_shop, events=1_000_000, users=10_000, items=1_000),
)
COMPLETE_JOURNEY = Source(
    "complete-journey",
    _settings("complete-journey"),
    "benchmarks.ranker.sampled_rows_side",
    _complete_journey,
)
SMALL_SHOP = Source(
    "small-shop",
    _settings("shop"),
    "benchmarks.ranker.shown_rows_side",
    functools.partial(_shop, events=60_000, users=1_000, items=200),
)
