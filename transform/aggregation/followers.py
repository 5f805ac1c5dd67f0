"""The co-view tile as a distribution over the items that follow a recent history."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import ITEM

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Followers:
    """Draws followers of recent items: an event by its age, then a follower by its weight."""

    def __init__(self, co_view: pl.DataFrame, items: int, decay: float) -> None:
        """Indexes the tile.

        Args:
            co_view: `item`, `follower` (codes) and `weight`, grouped by item in order of code.
            items: Number of item codes.
            decay: Weight of a history event relative to the one after it.
        """
        self._items = items
        self._decay = decay
        item = co_view[ITEM].to_numpy().astype(np.int64)
        self._follower = co_view["follower"].to_numpy().astype(np.int64)
        weight = co_view["weight"].to_numpy().astype(np.float64)
        self._end = np.searchsorted(item, np.arange(items), side="right")
        self._start = np.searchsorted(item, np.arange(items), side="left")
        self._cumulative = np.concatenate([[0.0], np.cumsum(weight)])
        self._mass = self._cumulative[self._end] - self._cumulative[self._start]
        pair = item * items + self._follower
        order = np.argsort(pair)
        self._pair = pair[order]
        self._share = (weight / self._mass[item])[order]

    def _event_shares(self, recent: Ints) -> Floats:
        """Probability of each recent event [R, W]; all zero where no event has a follower."""
        width = recent.shape[1]
        age = np.arange(width - 1, -1, -1)
        usable = (recent >= 0) & (self._mass[recent] > 0)
        weight = np.where(usable, self._decay**age, 0.0)
        total = weight.sum(axis=1, keepdims=True)
        shares: Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return shares

    def draw(self, recent: Ints, row: Ints, event: Floats, item: Floats) -> Ints:
        """Draws followers from uniform numbers.

        Args:
            recent: Recent items, oldest first, -1 where there is none [R, W].
            row: The row of each draw [M].
            event: A uniform number that chooses the event [M].
            item: A uniform number that chooses its follower [M].

        Returns:
            Item codes [M], -1 in rows where no recent item has a follower.
        """
        drawn = np.full(len(row), -1, np.int64)
        bounds = np.cumsum(self._event_shares(recent), axis=1)
        able = np.flatnonzero(bounds[row, -1] > 0)
        row = row[able]
        aim = event[able] * bounds[row, -1]
        chosen = np.zeros(len(row), np.int64)
        for column in range(recent.shape[1] - 1):
            chosen += aim >= bounds[row, column]
        source = recent[row, chosen]
        within = self._cumulative[self._start[source]] + item[able] * self._mass[source]
        place = np.searchsorted(self._cumulative, within, side="right") - 1
        place = np.clip(place, self._start[source], self._end[source] - 1)
        drawn[able] = self._follower[place]
        return drawn

    def probability(self, recent: Ints, item: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Probability of drawing an item.

        Args:
            recent: Recent items of each pair [P, W].
            item: The item of each pair [P].

        Returns:
            The probability [P], and whether any recent item has a follower at all [P].
        """
        shares = self._event_shares(recent)
        probability = np.zeros(len(item))
        if len(self._pair):
            pair = recent * self._items + item[:, None]
            place = np.minimum(np.searchsorted(self._pair, pair), len(self._pair) - 1)
            hit = (self._pair[place] == pair) & (recent >= 0)
            probability = (shares * np.where(hit, self._share[place], 0.0)).sum(axis=1)
        return probability, shares.sum(axis=1) > 0
