"""The latest items of each request's history as a distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class OwnItems:
    """Draws what a user had lately: each event is as likely as another."""

    def __init__(self, latest: Ints, drawable: NDArray[np.bool_]) -> None:
        """Indexes the events.

        Args:
            latest: The latest items of each history, -1 where there is none [R, H].
            drawable: Whether an item code may be drawn [items].
        """
        kept = (latest >= 0) & drawable[latest]
        row, _ = np.nonzero(kept)
        self._item = latest[kept]
        self._items = len(drawable)
        self._count = kept.sum(axis=1)
        self._start = np.cumsum(self._count) - self._count
        self._pair = np.sort(row * self._items + self._item)

    def draw(self, row: Ints, event: Floats) -> Ints:
        """Draws items from uniform numbers.

        Args:
            row: The row of each draw [M].
            event: A uniform number that chooses the event [M].

        Returns:
            Item codes [M], -1 in rows whose history holds nothing that may be drawn.
        """
        drawn = np.full(len(row), -1, np.int64)
        able = np.flatnonzero(self._count[row] > 0)
        row = row[able]
        drawn[able] = self._item[self._start[row] + (event[able] * self._count[row]).astype(int)]
        return drawn

    def probability(self, row: Ints, item: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Probability of drawing an item, for each pair of row and item.

        Returns:
            The probability [P], and whether the row can draw at all [P].
        """
        pair = row * self._items + item
        times = np.searchsorted(self._pair, pair, "right") - np.searchsorted(self._pair, pair)
        events = self._count[row]
        return times / np.maximum(events, 1), events > 0
