"""Counts of events by type and category, over any stretch of a column of events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transform.categories import Categories

Ints = NDArray[np.int64]


class CategoryCounts:
    """An index of the categories of a column of events; an event has any number of them."""

    def __init__(self, item: Ints, type_: Ints, user: Ints, categories: Categories) -> None:
        """Indexes events.

        Args:
            item: Item code of each event (int64 [N]).
            type_: Code of its type (int64 [N]).
            user: Index of its user, ascending (int64 [N]).
            categories: The categories by item code.
        """
        self.categories = categories
        self._size = max(1, len(categories.names))
        counts, category = categories.of_items(item)
        event = np.repeat(np.arange(len(item)), counts)
        self._pairs = np.unique(user[event] * self._size + category)
        # Events of a kind lie together, in the order of the column.
        self._stride = len(item) + 1
        self._keys = (type_[event] * self._size + category) * self._stride + event
        self._keys.sort()

    def count(self, type_: int, category: Ints, start: Ints, end: Ints) -> Ints:
        """Events of a type and category in each stretch of the column.

        Args:
            type_: Code of the type; one that no event has counts nothing.
            category: Category code of each stretch (int64 [M]).
            start: First event of the stretch (int64 [M]).
            end: The event after its last (int64 [M]).

        Returns:
            int64 [M].
        """
        base = (type_ * self._size + category) * self._stride
        last: Ints = np.searchsorted(self._keys, base + end)
        return last - np.searchsorted(self._keys, base + start)

    def of_users(self, users: int) -> tuple[Ints, Ints]:
        """The categories that the users' events have.

        Args:
            users: Number of users.

        Returns:
            Categories of user `u` lie at `offsets[u]:offsets[u + 1]`; their codes, ascending.
        """
        offsets = np.searchsorted(self._pairs, np.arange(users + 1) * self._size)
        return offsets, self._pairs % self._size
