"""Candidates of a request: its positive and sampled negatives, with the probability of each.

Negatives are drawn one after the other from a mixture of sources (followers of the recent history
in the co-view tile, popularity, uniform) until enough *different* items are found that the user has
not had. Where lists repeat what a user has had, the history is a source too: how soon bread is
bought again cannot be told by a model that has met no bread that was left lying.

That is successive sampling, the same as keeping the first arrivals of independent Poisson processes
with the mixture as their rates. With tau the arrival of the first item that was *not* kept, an item
of rate q was included with probability 1 - exp(-q tau): given tau this is exact (bottom-k sampling
with rank conditioning: Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007), so
weights 1 / probability undo the sampling without bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transform.aggregation.followers import Followers
from transform.event_log import ranges
from transform.rows.own_items import OwnItems
from transform.rows.random_numbers import mix, uniform
from transform.rows.seen import SeenItems

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]

# Rows with fewer allowed items than this many times the negatives wanted look at every item.
_SCARCE = 8
# Cells of the arrays that are worked on at a time.
_CHUNK_CELLS = 2**20
# Draws a candidate of the first attempt; rows that find too few different items double them.
_DRAWS = 2
# Shares of the mixture.
_FOLLOWERS, _POPULARITY, _UNIFORM = 0.5, 0.25, 0.25
_OWN = 0.25  # taken from the followers' share where the history itself is a source
# Streams of random numbers of a row.
_SOURCE, _EVENT, _ITEM, _ARRIVAL, _RACE, _ORDER = (np.uint64(n << 40) for n in range(6))


@dataclass(frozen=True)
class Requests:
    """Requests that need candidates; R rows.

    Attributes:
        key: Seed of each row.
        positive: The item that followed [R].
        recent: The latest items of the history, oldest first, -1 where there is none [R, W].
        user: Index of the user [R].
        first: The user's first event [R].
        until: Items of the user's events from `first` up to here, exclusive, are no negatives [R].
        seen: The users' items.
        start: The first event of the history that may be drawn [R].
        end: The event after its last one [R].
        own: The histories as a source; None where they are no negatives.
    """

    key: Keys
    positive: Ints
    recent: Ints
    user: Ints
    first: Ints
    until: Ints
    seen: SeenItems
    start: Ints
    end: Ints
    own: OwnItems | None


@dataclass(frozen=True)
class Candidates:
    """Candidates of R requests, in an order that says nothing about the label.

    Attributes:
        counts: Candidates of each request [R].
        item: Codes, request after request [sum of counts].
        label: 1 for the positive, else 0 [sum of counts].
        probability: Probability of being sampled; 1 for the positive [sum of counts].
    """

    counts: Ints
    item: Ints
    label: Floats
    probability: Floats


class CandidateSampler:
    """Draws candidates from the items that have training events."""

    def __init__(self, count: Ints, followers: Followers, candidates: int) -> None:
        """Prepares the sources.

        Args:
            count: Training events of each item code [items]; items without any are never drawn.
            followers: The co-view tile.
            candidates: Candidates of a request: the positive and one fewer negatives.
        """
        self._items = len(count)
        self._count = count
        self._known = np.flatnonzero(count)
        self._cumulative = np.cumsum(count)
        self._followers = followers
        self._negatives = candidates - 1

    def sample(self, requests: Requests) -> Candidates:
        """Draws the candidates of each request."""
        rows = np.arange(len(requests.key))
        had = requests.seen.count(requests.first, requests.until, self._count > 0)
        scarce = len(self._known) - had < _SCARCE * self._negatives
        drawn = [_Drawn.empty(), self._race(requests, rows[scarce])]
        waiting, draws = rows[~scarce], _DRAWS * (self._negatives + 1)
        while len(waiting):
            attempts = [self._successive(requests, c, draws) for c in _chunks(waiting, draws)]
            drawn += [done for done, _ in attempts]
            waiting = np.concatenate([left for _, left in attempts])
            draws *= 2
        return self._assemble(requests, _Drawn.join(drawn))

    def _rate(self, requests: Requests, row: Ints, item: Ints) -> Floats:
        """The mixture's probability of drawing an item, for pairs of row and item."""
        popular = self._count[item] / self._cumulative[-1]
        follows, has_followers = self._followers.probability(requests.recent[row], item)
        near = np.where(has_followers, follows, popular)
        rate: Floats = _FOLLOWERS * near + _POPULARITY * popular + _UNIFORM / len(self._known)
        if requests.own:
            start, end = requests.start[row], requests.end[row]
            own, has_own = requests.own.probability(start, end, item)
            rate += _OWN * (np.where(has_own, own, popular) - near)
        return rate

    def _draw(self, requests: Requests, rows: Ints, draws: int) -> Ints:
        """Independent draws from the mixture, row after row [rows * draws]."""
        row = np.repeat(rows, draws)
        key, counter = requests.key[row], np.tile(np.arange(draws, dtype=np.uint64), len(rows))
        source, number = uniform(key, _SOURCE + counter), uniform(key, _ITEM + counter)
        item = self._known[(number * len(self._known)).astype(np.int64)]
        near = np.flatnonzero(source < _FOLLOWERS)
        event = uniform(key[near], _EVENT + counter[near])
        item[near] = self._followers.draw(requests.recent, row[near], event, number[near])
        if requests.own:
            own = np.flatnonzero(source < _OWN)
            start, end = requests.start[row[own]], requests.end[row[own]]
            item[own] = requests.own.draw(start, end, number[own])
        popular = np.flatnonzero((item < 0) | ((source >= _FOLLOWERS) & (source < 1 - _UNIFORM)))
        aim = number[popular] * self._cumulative[-1]
        item[popular] = np.searchsorted(self._cumulative, aim, side="right")
        return item

    def _successive(self, requests: Requests, rows: Ints, draws: int) -> tuple[_Drawn, Ints]:
        """Rows that find enough different items within some draws, and those that do not."""
        item = self._draw(requests, rows, draws)
        place = np.repeat(np.arange(len(rows)), draws)
        pair, first = np.unique(place * self._items + item, return_index=True)
        row = rows[pair // self._items]
        new = self._allowed(requests, row, pair % self._items)
        first = np.sort(first[new])
        row_place = place[first]
        rank = np.arange(len(first)) - np.searchsorted(row_place, row_place)
        found = np.bincount(row_place, minlength=len(rows))
        done = found > self._negatives
        counter = np.arange(draws, dtype=np.uint64)[None, :]
        waits = -np.log(uniform(requests.key[rows][:, None], _ARRIVAL + counter))
        arrival = np.cumsum(waits, axis=1).ravel()
        tau = np.full(len(rows), np.inf)
        last = rank == self._negatives
        tau[row_place[last]] = arrival[first[last]]
        kept = (rank < self._negatives) & done[row_place]
        drawn_row, drawn_item = rows[row_place[kept]], item[first[kept]]
        rate = self._rate(requests, drawn_row, drawn_item)
        probability = -np.expm1(-rate * tau[row_place[kept]])
        return _Drawn(drawn_row, drawn_item, probability), rows[~done]

    def _race(self, requests: Requests, rows: Ints) -> _Drawn:
        """The same sampling for rows with few items left: an arrival time for every item."""
        drawn = [_Drawn.empty()]
        for chunk in _chunks(rows, len(self._known)):
            row = np.repeat(chunk, len(self._known))
            item = np.tile(self._known, len(chunk))
            rate = self._rate(requests, row, item)
            wait = -np.log(uniform(requests.key[row], _RACE + self._known_rank(item))) / rate
            wait[~self._allowed(requests, row, item)] = np.inf
            waits = wait.reshape(len(chunk), len(self._known))
            order = np.argsort(waits, axis=1, kind="stable")[:, : self._negatives]
            tau = np.full(len(chunk), np.inf)
            if len(self._known) > self._negatives:
                tau = np.partition(waits, self._negatives, axis=1)[:, self._negatives]
            flat = (np.arange(len(chunk))[:, None] * len(self._known) + order).ravel()
            flat = flat[np.isfinite(wait[flat])]
            probability = -np.expm1(-rate[flat] * tau[flat // len(self._known)])
            drawn.append(_Drawn(row[flat], item[flat], probability))
        return _Drawn.join(drawn)

    def _known_rank(self, item: Ints) -> Keys:
        """Place among the items with training events: untouched by items that appear later."""
        return np.searchsorted(self._known, item).astype(np.uint64)

    def _allowed(self, requests: Requests, row: Ints, item: Ints) -> NDArray[np.bool_]:
        """Whether an item may be a negative of a row."""
        had = requests.seen.before(requests.user[row], requests.until[row], item)
        allowed: NDArray[np.bool_] = ~had & (item != requests.positive[row])
        return allowed

    def _assemble(self, requests: Requests, negatives: _Drawn) -> Candidates:
        rows = np.arange(len(requests.key))
        row = np.concatenate([rows, negatives.row])
        item = np.concatenate([requests.positive, negatives.item])
        label = np.concatenate([np.ones(len(rows)), np.zeros(len(negatives.row))])
        probability = np.concatenate([np.ones(len(rows)), negatives.probability])
        # A place within the row that any process finds again: positive 0, negatives 1, 2, ...
        counts = np.bincount(row, minlength=len(rows))
        by_row = np.argsort(row, kind="stable")
        nth = np.empty(len(row), np.uint64)
        nth[by_row] = ranges(np.zeros_like(counts), counts).astype(np.uint64)
        shuffled = np.lexsort((mix(requests.key[row], _ORDER + nth), row))
        return Candidates(counts, item[shuffled], label[shuffled], probability[shuffled])


def _chunks(rows: Ints, width: int) -> list[Ints]:
    """Rows in parts that bound the memory of arrays [rows, width]."""
    return np.array_split(rows, 1 + len(rows) * width // _CHUNK_CELLS)


@dataclass(frozen=True)
class _Drawn:
    """Sampled negatives: row, item and probability of each."""

    row: Ints
    item: Ints
    probability: Floats

    @classmethod
    def empty(cls) -> _Drawn:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @classmethod
    def join(cls, parts: list[_Drawn]) -> _Drawn:
        return cls(
            np.concatenate([p.row for p in parts]),
            np.concatenate([p.item for p in parts]),
            np.concatenate([p.probability for p in parts]),
        )
