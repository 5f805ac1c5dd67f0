"""Events of items before a day, for many items and days at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# A day is a number of 20 bits, for some 1,400 years before and after 1970.
DAY_BITS = 20
DAY_ZERO = 1 << (DAY_BITS - 1)
# Items times days of a table with every total in its place: 32 megabytes.
_MOST_CELLS = 1 << 22


class RunningTotals(Protocol):
    """Events of one kind."""

    def before(self, item: Ints, day: Ints) -> Ints:
        """Numbers whose difference between two days of an item is its events on the days between.

        Args:
            item: Item codes (int64 [N]).
            day: Days since 1970; a day itself does not count (int64 [N]).

        Returns:
            int64 [N].
        """


def running_totals(item: Ints, day: Ints, count: Ints) -> RunningTotals:
    """Adds up the days of each item.

    Args:
        item: Item codes, ascending (int64 [N]).
        day: Days since 1970, ascending for each item (int64 [N]).
        count: Events of the item on the day (int64 [N]).
    """
    cells = (int(item.max()) + 1) * (int(day.max() - day.min()) + 2)
    return (_Table if cells <= _MOST_CELLS else _List).of(item, day, count)


def day_keys(item: Ints, day: Ints) -> Ints:
    """One number for an item and a day, ascending by item, then by day."""
    keys: Ints = (item << DAY_BITS) + day + DAY_ZERO
    return keys


def items_and_days(keys: Ints) -> tuple[Ints, Ints]:
    """Item and day of keys."""
    return keys >> DAY_BITS, (keys & ((1 << DAY_BITS) - 1)) - DAY_ZERO


@dataclass(frozen=True)
class _Table:
    """Every total in its place: looked up at once, where there are few items and days.

    Attributes:
        first: The first day with events.
        totals: Events of each item before that day and each one after it (int64 [items, days]).
    """

    first: int
    totals: Ints

    @classmethod
    def of(cls, item: Ints, day: Ints, count: Ints) -> _Table:
        first, items = int(day.min()), int(item.max()) + 1
        days = int(day.max()) - first + 2
        place = item * days + (day - first) + 1
        counts = np.bincount(place, count, items * days).astype(np.int64)
        return cls(first, np.cumsum(counts.reshape(items, days), axis=1))

    def before(self, item: Ints, day: Ints) -> Ints:
        items, days = self.totals.shape
        column = np.clip(day - self.first, 0, days - 1)
        known = np.minimum(item, items - 1)
        return np.where(item < items, self.totals[known, column], 0)


@dataclass(frozen=True)
class _List:
    """Only days with events: searched for.

    Attributes:
        keys: Items and days, ascending (int64 [N]).
        totals: Events before each of them, of all items, and all events (int64 [N + 1]).
    """

    keys: Ints
    totals: Ints

    @classmethod
    def of(cls, item: Ints, day: Ints, count: Ints) -> _List:
        return cls(day_keys(item, day), np.concatenate([[0], np.cumsum(count)]))

    def before(self, item: Ints, day: Ints) -> Ints:
        return self.totals[np.searchsorted(self.keys, day_keys(item, day))]
