"""The rank at which a recommender would have shown what came next, among all items."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from components.baselines.events import Ints, Requests, Sequences
from components.baselines.recommenders import Recommender, distinct_pairs
from trainer.metrics.ranks import MISS

_CHUNK = 2048  # requests scored at a time
_CELLS = 2**26  # of a table of requests and items


def popularity_ranks(
    score: npt.NDArray[np.float64], requests: Requests, *, exclude_seen: bool
) -> Ints:
    """Ranks of the targets where everybody is shown one list of what is available then.

    Args:
        score: Of each item; equal ones stand in the order of their codes [items].
        requests: The requests.
        exclude_seen: Whether items of the history are left out.

    Returns:
        Rank from 1; `MISS` where the target is not in the list [R].
    """
    in_order = np.argsort(-score, kind="stable")
    order, by_time = _by_time(requests)
    parts = [
        _ranks_of_one_list(_OneList.of(in_order, part), part, exclude_seen=exclude_seen)
        for part in _chunks(by_time, _rows_at_once(len(score)))
    ]
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.concatenate([np.empty(0, np.int64), *parts])
    return ranks


def popularity_shown(
    score: npt.NDArray[np.float64], requests: Requests, k: int, *, exclude_seen: bool
) -> int:
    """Number of different items in the first k places, over all requests, of that one list."""
    in_order = np.argsort(-score, kind="stable")
    shown = np.zeros(len(score), np.bool_)
    _, by_time = _by_time(requests)
    for part in _chunks(by_time, _rows_at_once(len(score))):
        one_list = _OneList.of(in_order, part)
        rows, seen = _seen(part, len(score), exclude_seen=exclude_seen)
        most_seen = int(np.bincount(rows, minlength=1).max())
        # Nobody's first k of what may be shown stand further down.
        head = one_list.listed[: k + most_seen + len(one_list.unsure)]
        allowed = part.may_be_shown(np.arange(part.history.rows)[:, np.newaxis], head)
        inside = one_list.place[seen] < len(head)
        allowed[rows[inside], one_list.place[seen][inside]] = False
        first = allowed & (np.cumsum(allowed, axis=1, dtype=np.int32) <= k)
        shown[head] |= first.any(axis=0)
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
        _ranks(recommender, part, items, exclude_seen=exclude_seen)
        for part in _chunks(requests, _CHUNK)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


@dataclass(frozen=True)
class _OneList:
    """A list for all requests of some time, without what none of them may be shown.

    Attributes:
        listed: Item codes, best first [L].
        place: Place of each item in it, from 0; L where it is not listed [items].
        unsure: Places of the items that come or go within that time, rising.
    """

    listed: Ints
    place: Ints
    unsure: Ints

    @classmethod
    def of(cls, in_order: Ints, requests: Requests) -> _OneList:
        """The list of the catalogue, best first, as some requests may be shown it."""
        since, until = requests.available[in_order].T
        first, last = requests.time.min(), requests.time.max()
        possible = (since <= last) & (first < until)
        always = (since <= first) & (last < until)
        listed = in_order[possible]
        place = np.full(len(in_order), len(listed), np.int64)
        place[listed] = np.arange(len(listed))
        return cls(listed, place, np.flatnonzero(~always[possible]))


def _ranks_of_one_list(one_list: _OneList, requests: Requests, *, exclude_seen: bool) -> Ints:
    place, rows = one_list.place, np.arange(len(requests.target))
    target = requests.target.clip(0)
    known = (requests.target >= 0) & requests.may_be_shown(rows, target)
    target_place = place[target]
    unavailable = ~requests.may_be_shown(rows[:, np.newaxis], one_list.listed[one_list.unsure]) & (
        one_list.unsure < target_place[:, np.newaxis]
    )
    ranks = target_place + 1 - unavailable.sum(axis=1)
    of, seen = _seen(requests, len(place), exclude_seen=exclude_seen)
    ahead = (place[seen] < target_place[of]) & requests.may_be_shown(of, seen)
    ranks -= np.bincount(of[ahead], minlength=len(ranks))
    known[of[seen == target[of]]] = False
    return np.where(known, ranks, MISS)


def _seen(requests: Requests, items: int, *, exclude_seen: bool) -> tuple[Ints, Ints]:
    """Row and item of all that is left out because the history holds it."""
    if not exclude_seen:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return distinct_pairs(requests.history, items)


def _ranks(recommender: Recommender, requests: Requests, items: int, *, exclude_seen: bool) -> Ints:
    scores = sp.coo_matrix(recommender.scores(requests.history))
    rows, columns, values = scores.row.astype(np.int64), scores.col.astype(np.int64), scores.data
    listed = (values > 0) & requests.may_be_shown(rows, columns)
    seen_rows, seen_items = _seen(requests, items, exclude_seen=exclude_seen)
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


def _by_time(requests: Requests) -> tuple[Ints, Requests]:
    """The requests in the order of their time: which one is where, and they themselves."""
    order = np.argsort(requests.time, kind="stable")
    new_row = np.empty_like(order)
    new_row[order] = np.arange(len(order))
    history = requests.history
    row = new_row[history.row]
    events = np.argsort(row, kind="stable")
    moved = Sequences(row[events], history.item[events], history.time[events], history.rows)
    return order, replace(
        requests, history=moved, target=requests.target[order], time=requests.time[order]
    )


def _rows_at_once(items: int) -> int:
    """How many requests are held against a whole catalogue at a time."""
    return max(1, min(_CHUNK, _CELLS // max(1, items)))


def _chunks(requests: Requests, size: int) -> list[Requests]:
    history = requests.history
    parts = []
    for first in range(0, history.rows, size):
        last = min(first + size, history.rows)
        events = slice(*np.searchsorted(history.row, [first, last]))
        part = Sequences(
            history.row[events] - first, history.item[events], history.time[events], last - first
        )
        parts.append(
            replace(
                requests,
                history=part,
                target=requests.target[first:last],
                time=requests.time[first:last],
            )
        )
    return parts
