"""Parts of users' histories as distributions over items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class OwnItems:
    """Draws what a user had: each event of a part of the history is as likely as another.

    Answers for many parts at once; memory grows with events, not with requests.
    """

    def __init__(self, item: Ints, drawable: NDArray[np.bool_]) -> None:
        """Indexes the events.

        Args:
            item: Item code of each event [E].
            drawable: Whether an item code may be drawn [items].
        """
        self._event = np.flatnonzero(drawable[item])
        self._drawn = item[self._event]
        self._before = np.concatenate([[0], np.cumsum(drawable[item])])
        self._events = len(item) + 1
        self._pair = np.sort(self._drawn * self._events + self._event)

    def draw(self, start: Ints, end: Ints, number: Floats) -> Ints:
        """Draws items from uniform numbers.

        Args:
            start: First event of each draw's part [M].
            end: The event after its last one [M].
            number: A uniform number that chooses the event [M].

        Returns:
            Item codes [M], -1 where the part holds nothing that may be drawn.
        """
        first, count = self._before[start], self._before[end] - self._before[start]
        able = count > 0
        drawn = np.full(len(start), -1, np.int64)
        drawn[able] = self._drawn[(first + (number * count).astype(np.int64))[able]]
        return drawn

    def probability(self, start: Ints, end: Ints, item: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Probability of drawing an item, for each pair of a part and an item.

        Returns:
            The probability [P], and whether anything can be drawn from the part [P].
        """
        until, since = item * self._events + end, item * self._events + start
        times = np.searchsorted(self._pair, until) - np.searchsorted(self._pair, since)
        count = self._before[end] - self._before[start]
        return times / np.maximum(count, 1), count > 0
