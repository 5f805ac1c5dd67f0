"""Columnar form of the fold's windowed counts: many requests over sorted histories at once.

A request at position p of the column of events sees its user's events before p. Counts are
differences of running totals, or of sorted keys for categories; nothing loops over events. A
property-based test holds the values equal, bit by bit, to what `apply` and `snapshot` give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transform.aggregation.categories import Categories
from transform.aggregation.category_counts import CategoryCounts
from transform.event_log import ITEM, TYPE, Histories
from transform.features import EVENT_TIME
from transform.windows import UserWindow

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EventColumns:
    """Events of some users, impressions among them: user after user, each in the total order.

    Attributes:
        offsets: Events of user `u` lie at `offsets[u]:offsets[u + 1]` (int64 [users + 1]).
        item: Item code of each event (int64 [N]).
        type: Code of its type (int64 [N]).
        time: Unix seconds (int64 [N]).
    """

    offsets: Ints
    item: Ints
    type: Ints
    time: Ints

    @classmethod
    def of(cls, histories: Histories) -> EventColumns:
        """The columns of some users' histories."""
        item, type_, time = (histories.column(name) for name in (ITEM, TYPE, EVENT_TIME))
        return cls(histories.offsets, item, type_, time)


@dataclass(frozen=True)
class Moments:
    """R requests.

    Attributes:
        user: Index of the user (int64 [R]).
        position: The request sees the user's events before this index of the event column, which
            may be the end of the user's events (int64 [R]).
        time: Unix seconds, not before those events (int64 [R]).
    """

    user: Ints
    position: Ints
    time: Ints


@dataclass(frozen=True)
class CategoryValues:
    """Values of one aggregate for R requests, zeros left out.

    Attributes:
        categories: The categories of the items.
        counts: Categories of each request (int64 [R]).
        category: Category codes, ascending within a request (int64 [sum of counts]).
        value: float32 [sum of counts].
    """

    categories: Categories
    counts: Ints
    category: Ints
    value: Floats

    def of_candidates(self, row: Ints, item: Ints) -> Floats:
        """The largest value of each candidate's categories, 0 where there is none.

        Args:
            row: Request of each candidate (int64 [M]).
            item: Item code of each candidate (int64 [M]).

        Returns:
            float32 [M].
        """
        rows = np.repeat(np.arange(len(self.counts)), self.counts)
        known = np.append(self.categories.key(rows, self.category), np.iinfo(np.int64).max)
        counts, category = self.categories.of_items(item)
        candidate = np.repeat(np.arange(len(item)), counts)
        asked = self.categories.key(row[candidate], category)
        place = np.searchsorted(known, asked)
        found = np.append(self.value, np.float32(0))[place] * (known[place] == asked)
        largest = np.zeros(len(item), np.float32)
        np.maximum.at(largest, candidate, found)
        return largest


class UserAggregates:
    """The windowed aggregates of some users."""

    def __init__(
        self,
        windows: Sequence[UserWindow],
        events: EventColumns,
        types: Sequence[str],
        categories: Mapping[str, Categories],
    ) -> None:
        """Indexes the events.

        Args:
            windows: Declared windows.
            events: Events of whole users.
            types: Code -> event type.
            categories: Values by item code of each feature that a window is `by`.
        """
        self._windows = tuple(windows)
        self._events = events
        self._codes = {name: code for code, name in enumerate(types)}
        user = np.repeat(np.arange(len(events.offsets) - 1), np.diff(events.offsets))
        self._earliest = int(events.time.min(initial=0))
        self._span = int(events.time.max(initial=0)) - self._earliest + 2
        self._when = user * self._span + events.time - self._earliest
        self._totals = {
            name: np.concatenate([[0], np.cumsum(events.type == self._codes.get(name, -1))])
            for name in {name for w in self._windows if w.by is None for name in w.types}
        }
        self._by = {
            feature: CategoryCounts(events.item, events.type, categories[feature])
            for feature in {w.by for w in self._windows if w.by is not None}
        }

    def user_values(self, moments: Moments) -> dict[str, Floats]:
        """Aggregates of the user, by name: float32 [R]."""
        values = {}
        for window in self._windows:
            if window.by is None:
                start = self._start(window, moments)
                counts = [
                    self._totals[name][moments.position] - self._totals[name][start]
                    for name in window.types
                ]
                values[window.name] = _ratio(counts)
        return values

    def category_values(self, moments: Moments) -> dict[str, CategoryValues]:
        """Aggregates of the user and every category, by name, as `snapshot` shows them."""
        values = {}
        for window in self._windows:
            if window.by is not None:
                index, start = self._by[window.by], self._start(window, moments)
                key, *counts = self._key_counts(window, index, start, moments.position)
                row, category = index.categories.parts(key)
                value = _ratio(counts)
                kept = value > 0
                values[window.name] = CategoryValues(
                    index.categories,
                    np.bincount(row[kept], minlength=len(start)),
                    category[kept],
                    value[kept],
                )
        return values

    def _key_counts(
        self, window: UserWindow, index: CategoryCounts, start: Ints, end: Ints
    ) -> list[Ints]:
        """Keys where the counted type occurs, its events there, and for a rate those of `per`."""
        codes = [self._codes.get(name, -1) for name in window.types]
        key, count = index.count(codes[0], start, end)
        if len(codes) == 1:
            return [key, count]
        per_key, per_count = index.count(codes[1], start, end)
        place = np.searchsorted(per_key, key)
        per = np.append(per_count, 0)[place] * (np.append(per_key, -1)[place] == key)
        return [key, count, per]

    def _start(self, window: UserWindow, moments: Moments) -> Ints:
        """Index of the first event inside the window of each request."""
        since = moments.time // window.hop * window.hop - window.seconds - self._earliest
        since = np.clip(since, 0, self._span - 1)
        first = np.searchsorted(self._when, moments.user * self._span + since)
        return np.minimum(first, moments.position)


def _ratio(counts: list[Ints]) -> Floats:
    """A count, or the first count divided by the second, 0 where that is 0."""
    value = counts[0].astype(np.float64)
    if len(counts) > 1:
        value = np.divide(value, counts[1], out=np.zeros_like(value), where=counts[1] > 0)
    return value.astype(np.float32)
