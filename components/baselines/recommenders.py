"""The baselines: popularity, recent popularity, ItemKNN and sequential rules.

Each gives scores of items for histories as a sparse matrix [requests, items]; 0 means that the
baseline does not recommend the item.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from implicit.nearest_neighbours import CosineRecommender
from implicit.utils import ParameterWarning

from components.baselines.events import Ints, Sequences
from transform.aggregates import DAY_SECONDS

Matrix: TypeAlias = Any  # scipy.sparse.csr_matrix

_RECENT_DAYS = 28
_RULE_WINDOW = 5
_RULE_DECAY = 0.8


class Recommender(Protocol):
    """Scores items for histories."""

    def scores(self, history: Sequences) -> Matrix:
        """Scores [history.rows, items], 0 for items that are not recommended."""
        ...


def popularity(events: Sequences, items: int) -> npt.NDArray[np.float64]:
    """Number of events of each item [items]."""
    return np.bincount(events.item, minlength=items).astype(np.float64)


def recent_popularity(events: Sequences, items: int) -> npt.NDArray[np.float64]:
    """Events of each item in the last 28 days; those of all time decide between equals [items]."""
    latest = events.time.max(initial=0)
    recent = events.item[events.time > latest - _RECENT_DAYS * DAY_SECONDS]
    total = popularity(events, items)
    total /= total.sum() + 1.0
    total += np.bincount(recent, minlength=items)
    return total


class ItemKNN:
    """Items near those of the history, by the cosine of who had them (implicit).

    Args:
        events: What is known.
        items: Size of the catalogue.
        neighbours: Neighbours kept for each item.
    """

    def __init__(self, events: Sequences, items: int, neighbours: int) -> None:
        self._items = items
        model = CosineRecommender(K=neighbours, num_threads=0)
        with warnings.catch_warnings():
            # implicit hands itself a matrix in a form that it then warns about.
            warnings.simplefilter("ignore", ParameterWarning)
            model.fit(_had(events, items), show_progress=False)
        self._similarity = model.similarity.tocsr()

    def scores(self, history: Sequences) -> Matrix:
        """Sum of the similarities to all items of the history."""
        return _had(history, self._items) @ self._similarity


class SequentialRules:
    """Items that followed those of the history within five steps.

    An item that followed after g steps gets 1/g; each event of the history votes for its followers,
    with 0.8 of the weight of the event after it.

    Args:
        events: What is known.
        items: Size of the catalogue.
    """

    def __init__(self, events: Sequences, items: int) -> None:
        self._items = items
        rules = sp.csr_matrix((items, items))
        for gap in range(1, _RULE_WINDOW + 1):
            one_user = events.row[gap:] == events.row[:-gap]
            pairs = events.item[:-gap][one_user], events.item[gap:][one_user]
            rules += sp.csr_matrix((np.full(len(pairs[0]), 1.0 / gap), pairs), rules.shape)
        self._rules = rules

    def scores(self, history: Sequences) -> Matrix:
        """Sum of the votes of the history."""
        ends = np.cumsum(np.bincount(history.row, minlength=history.rows))
        age = ends[history.row] - 1 - np.arange(len(history.row))
        weights = _RULE_DECAY**age
        votes = sp.csr_matrix((weights, (history.row, history.item)), (history.rows, self._items))
        return votes @ self._rules


def _had(events: Sequences, items: int) -> Matrix:
    """1 where a sequence holds an item, however often [rows, items]."""
    rows, columns = distinct_pairs(events, items)
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), (events.rows, items))


def distinct_pairs(history: Sequences, items: int) -> tuple[Ints, Ints]:
    """Row and item of everything in the histories, once each."""
    rows, columns = np.divmod(np.unique(history.row * items + history.item), items)
    return rows, columns
