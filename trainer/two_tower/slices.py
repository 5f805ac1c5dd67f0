"""Where items stand for requests in a whole catalogue, of which a slice is scored at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from transform import features as keys

_SLICE = 2**16  # items; their scores for 512 requests take 128 MB, however large the catalogue
_DECIMALS = 5  # of a cosine; the rest is rounding, and would order items that are alike
_ALIKE = np.float32(0.5 * 10.0**-_DECIMALS)  # an item this much below a target scores like it

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Slices:
    """The listed items of a catalogue and their vectors, in slices of ids."""

    def __init__(
        self,
        listed: npt.NDArray[np.bool_],
        vectors: Callable[[Ids], Floats],
        k: int,
        *,
        exclude_seen: bool,
    ) -> None:
        """Asks for the vectors, once.

        Args:
            listed: Which ids are listed, [V].
            vectors: Ids [N] -> vectors [N, D].
            k: How many items of a request's list are told.
            exclude_seen: Whether what a request has seen stands nowhere.
        """
        self._ids = np.flatnonzero(listed)
        self._places = np.full(len(listed), -1)
        self._places[self._ids] = np.arange(len(self._ids))
        begins = range(0, len(self._ids), _SLICE)
        self._vectors = [vectors(self._ids[begin : begin + _SLICE]) for begin in begins]
        self._k = k
        self._exclude_seen = exclude_seen

    def standing(self, queries: Floats, row: dict[str, Any], some: Ids) -> tuple[Ids, Ids]:
        """How items stand for a batch of requests.

        An item that scores like the target stands before it, and so does one whose score is no
        number: a model that tells nothing apart is not perfect.

        Args:
            queries: Vectors of the requests, [B, D].
            row: Their targets and histories.
            some: Places in the batch of the requests whose first items are told, [N].

        Returns:
            Rank of each request's target among the items that may stand before it, [B], 0 for the
            best; and the first of all items, seen or not, of `some` [N, k].
        """

        # A catalogue of one slice is scored once: what was scored last is kept.
        @lru_cache(maxsize=1)
        def scores(number: int) -> Floats:
            product: Floats = queries @ self._vectors[number].T
            return product

        target = self._places[tf.reshape(row[keys.TARGET_ITEM_ID], [-1]).numpy()]
        # None of these stand before the target.
        requests, places = np.arange(len(target)), target
        if self._exclude_seen:
            history = row[keys.HISTORY_ITEM_ID]
            requests = np.append(history.value_rowids().numpy(), requests)
            places = np.append(self._places[history.flat_values.numpy()], places)
        own = np.full(len(target), -np.inf, np.float32)
        for number in np.unique(target[target >= 0] // _SLICE):
            mine = np.flatnonzero(target // _SLICE == number)
            own[mine] = scores(number)[mine, target[mine] % _SLICE]
        # Of one vector the last digits differ with the column where it stands and with the width of
        # the product; an item that is like the target must stand before it all the same. Rounded
        # scores would not do: a pair of them may lie on both sides of a step.
        least = own[:, np.newaxis] - _ALIKE
        ranks, first = np.zeros(len(target), np.int64), _First(len(some))
        for number in range(len(self._vectors)):
            found = scores(number)
            first.add(found[some], number * _SLICE, self._k)
            here = places // _SLICE == number
            found[requests[here], places[here] % _SLICE] = -np.inf
            ranks += (~(found < least)).sum(axis=1)
        ranks[~(own > -np.inf)] = len(self._places)  # not listed, or its score is no number
        return ranks, self._ids[first.places]


class _First:
    """The first items of lists, over the slices that were added in order."""

    def __init__(self, lists: int) -> None:
        self.places = np.empty((lists, 0), np.int64)
        self._scores = np.empty((lists, 0), np.float32)

    def add(self, scores: Floats, begin: int, k: int) -> None:
        """Adds the items from place `begin` on; of those that are alike, the earlier come first."""
        best, places = tf.math.top_k(np.round(scores, _DECIMALS), min(k, scores.shape[1]))
        both = np.concatenate([self._scores, best], axis=1)
        known = np.concatenate([self.places, begin + places.numpy().astype(np.int64)], axis=1)
        best, places = tf.math.top_k(both, min(k, both.shape[1]))
        self._scores = best.numpy()
        self.places = np.take_along_axis(known, places.numpy(), axis=1)
