"""Events by category, over many stretches of a column of events."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transform.aggregation.categories import Categories
from transform.event_log import ranges

Ints = NDArray[np.int64]

# Events looked at together; stretches overlap, so there are more of them than of the column.
_AT_ONCE = 1 << 22


class CategoryCounts:
    """A column of events whose items have any number of categories."""

    def __init__(self, item: Ints, type_: Ints, categories: Categories) -> None:
        """Keeps the column.

        Args:
            item: Item code of each event (int64 [N]).
            type_: Code of its type (int64 [N]).
            categories: The categories by item code.
        """
        self.categories = categories
        self._item = item
        self._type = type_
        self._events: dict[int, Ints] = {}

    def count(self, type_: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Counts the events of a type.

        Args:
            type_: Code of the type.
            start: First event of each stretch (int64 [R]).
            end: The event after its last (int64 [R]).

        Returns:
            Keys (see `Categories.key`) of the stretches and categories that have an event,
            ascending, and their events.
        """
        if type_ not in self._events:
            self._events[type_] = np.flatnonzero(self._type == type_)
        events = self._events[type_]
        first, last = np.searchsorted(events, start), np.searchsorted(events, end)
        blocks = np.cumsum(last - first) // _AT_ONCE
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(start)]
        tallies = [
            self._tally(events, first[low:high], last[low:high], low)
            for low, high in pairwise(cuts)
        ]
        keys, counts = zip(*tallies, strict=True)
        return np.concatenate(keys), np.concatenate(counts)

    def _tally(self, events: Ints, first: Ints, last: Ints, row: int) -> tuple[Ints, Ints]:
        """Counts in the stretches `first:last` of `events`, the first of which has number `row`."""
        event = events[ranges(first, last - first)]
        rows = np.repeat(np.arange(row, row + len(first)), last - first)
        counts, category = self.categories.of_items(self._item[event])
        keys = np.sort(self.categories.key(np.repeat(rows, counts), category))
        begins = np.flatnonzero(np.diff(keys, prepend=-1))
        return keys[begins], np.diff(begins, append=len(keys))
