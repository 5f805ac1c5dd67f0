"""Which items a user has had before an event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transform.event_log import ITEM, Histories

Ints = NDArray[np.int64]


class SeenItems:
    """Answers for many (user, event, item) at once; memory grows with events, not with requests."""

    def __init__(self, histories: Histories, items: int) -> None:
        """Indexes each user's first event with each item.

        Args:
            histories: The users' events.
            items: Number of item codes.
        """
        self._items = items
        self._item = histories.column(ITEM)
        pair = histories.user_of_event * items + self._item
        # Stable: the first of equal pairs is the earliest event.
        order = np.argsort(pair, kind="stable")
        is_first = np.diff(pair[order], prepend=-1) != 0
        self._first_event = order[is_first]
        self._pair = pair[self._first_event]

    def before(self, user: Ints, until: Ints, item: Ints) -> NDArray[np.bool_]:
        """Whether a user's events before event `until` hold the item, for each triple."""
        pair = user * self._items + item
        place = np.minimum(np.searchsorted(self._pair, pair), len(self._pair) - 1)
        had: NDArray[np.bool_] = (self._pair[place] == pair) & (self._first_event[place] < until)
        return had

    def count(self, first: Ints, until: Ints, which: NDArray[np.bool_]) -> Ints:
        """Different items among the events `first:until` of a user, for each pair.

        Args:
            first: The user's first event.
            until: The event before which to count.
            which: Whether an item code counts [items].
        """
        new = np.zeros(len(self._item) + 1, np.int64)
        new[self._first_event + 1] = which[self._item[self._first_event]]
        total = np.cumsum(new)
        return total[until] - total[first]
