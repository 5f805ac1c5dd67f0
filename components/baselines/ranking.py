"""The rank at which a recommender would have shown what came next, among all items."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from components.baselines.events import Ints, Requests, Sequences
from components.baselines.recommenders import Recommender, distinct_pairs
from trainer.metrics.ranks import MISS

_CHUNK = 2048  # requests scored at a time


def popularity_ranks(
    score: npt.NDArray[np.float64], requests: Requests, *, exclude_seen: bool
) -> Ints:
    """Ranks of the targets where everybody is shown one list.

    Args:
        score: Of each item; equal ones stand in the order of their codes [items].
        requests: The requests.
        exclude_seen: Whether items of the history are left out.

    Returns:
        Rank from 1; `MISS` where the target is not in the list [R].
    """
    items, place = len(score), _places(score)
    known = requests.target >= 0
    target_place = np.where(known, place[requests.target], items)
    ranks = np.where(known, target_place + 1, MISS)
    if exclude_seen:
        rows, seen = distinct_pairs(requests.history, items)
        ahead = place[seen] < target_place[rows]
        ranks -= np.bincount(rows[ahead], minlength=len(ranks)) * known
        ranks[rows[seen == requests.target[rows]]] = MISS
    return ranks


def popularity_shown(
    score: npt.NDArray[np.float64], requests: Requests, k: int, *, exclude_seen: bool
) -> int:
    """Number of different items in the first k places, over all requests, of that one list."""
    items, place = len(score), _places(score)
    if not exclude_seen:
        return min(k, items)
    shown = np.zeros(items, np.bool_)
    for part in _chunks(requests):
        rows, seen = distinct_pairs(part.history, items)
        most_seen = int(np.bincount(rows, minlength=1).max())
        width = min(items, k + most_seen)  # nobody's k unseen items stand further down
        unseen = np.ones((part.history.rows, width), np.bool_)
        inside = place[seen] < width
        unseen[rows[inside], place[seen][inside]] = False
        first = unseen & (np.cumsum(unseen, axis=1, dtype=np.int32) <= k)
        shown[:width] |= first.any(axis=0)
    return int(shown.sum())


def personal_ranks(
    recommender: Recommender, requests: Requests, items: int, *, exclude_seen: bool
) -> Ints:
    """Ranks of the targets where every request has scores of its own.

    Returns:
        Rank from 1 by falling score, equal ones in the order of their codes; `MISS` where the
        target is not recommended [R].
    """
    parts = [
        _ranks(recommender, part, items, exclude_seen=exclude_seen) for part in _chunks(requests)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _places(score: npt.NDArray[np.float64]) -> Ints:
    """Place of each item in the one list, from 0."""
    place = np.empty(len(score), np.int64)
    place[np.argsort(-score, kind="stable")] = np.arange(len(score))
    return place


def _ranks(recommender: Recommender, requests: Requests, items: int, *, exclude_seen: bool) -> Ints:
    scores = sp.coo_matrix(recommender.scores(requests.history))
    rows, columns, values = scores.row.astype(np.int64), scores.col.astype(np.int64), scores.data
    listed = values > 0
    if exclude_seen:
        seen_rows, seen_items = distinct_pairs(requests.history, items)
        listed &= ~np.isin(rows * items + columns, seen_rows * items + seen_items)
    rows, columns, values = rows[listed], columns[listed], values[listed]
    is_target = columns == requests.target[rows]
    target_score = np.full(len(requests.target), np.inf)
    target_score[rows[is_target]] = values[is_target]
    before = (values > target_score[rows]) | (
        (values == target_score[rows]) & (columns < requests.target[rows])
    )
    ahead = np.bincount(rows[before], minlength=len(requests.target))
    return np.where(np.isfinite(target_score), ahead + 1, MISS)


def _chunks(requests: Requests) -> list[Requests]:
    history = requests.history
    parts = []
    for first in range(0, history.rows, _CHUNK):
        last = min(first + _CHUNK, history.rows)
        events = slice(*np.searchsorted(history.row, [first, last]))
        part = Sequences(
            history.row[events] - first, history.item[events], history.time[events], last - first
        )
        parts.append(Requests(part, requests.target[first:last]))
    return parts
