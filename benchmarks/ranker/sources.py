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
        bring: Puts the log into a place, where it is not there yet.
    """

    name: str
    settings: Path
    rows_side: str
    bring: Callable[[Path], object]


def _complete_journey(place: Path) -> None:
    fetched = complete_journey.fetch(cache_dir()).folder
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # it may lead to another cache folder
    place.symlink_to(fetched)


def _settings(name: str) -> Path:
    return Path(__file__).parent / "settings" / f"{name}.yaml"


SHOP = Source(
    "shop",
    _settings("shop"),
    "benchmarks.ranker.shown_rows_side",
    functools.partial(simulated_log, seed=_LOG_SEED, events=1_000_000, users=10_000, items=1_000),
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
    functools.partial(simulated_log, seed=_LOG_SEED, events=60_000, users=1_000, items=200),
)
