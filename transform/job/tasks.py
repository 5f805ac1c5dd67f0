"""What the stages of the job hand to each other: tasks and small facts, no tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transform.job.sorting import SortedPartition
from transform.splits import CutOffs, PeriodSummary

# Item codes fall into so many ranges; neighbouring ranges are closed together.
CELLS = 1024


@dataclass(frozen=True)
class RefineTask:
    """A partition, and the hours in which the time line is cut."""

    partition: SortedPartition
    hours: frozenset[int]


@dataclass(frozen=True)
class Refined:
    """A partition, and its behaviours at single seconds."""

    partition: SortedPartition
    seconds: Counter[int]


@dataclass(frozen=True)
class Cut:
    """A partition, and where the time line is cut (None if it is not)."""

    partition: SortedPartition
    cut_offs: CutOffs | None


@dataclass(frozen=True)
class Aggregated:
    """A partition with tiles.

    Attributes:
        cut: The partition.
        periods: What its periods hold.
        described: Users of it that the users table has.
        ends: Where in each of its tables, ordered by item, the ranges of item codes begin, and
            where the last one ends [CELLS + 1].
    """

    cut: Cut
    periods: PeriodSummary
    described: int
    ends: dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Closing:
    """A range of items whose tiles are to be closed.

    Attributes:
        number: Place among all ranges.
        slices: Where its rows lie: partition, table, first row, row after the last.
    """

    number: int
    slices: tuple[tuple[int, str, int, int], ...]


@dataclass(frozen=True)
class Writing:
    """A partition whose rows are to be written, one of `total`."""

    cut: Cut
    total: int


@dataclass(frozen=True)
class Written:
    """A partition whose rows are written.

    Attributes:
        number: Place among all partitions.
        events: Its events.
        rows: Rows by split.
        seconds: How long it took.
    """

    number: int
    events: int
    rows: dict[str, int]
    seconds: float
