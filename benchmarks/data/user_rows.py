"""The rows of one user in plain Python, one event after the other.

The straightforward way, and the definition that the other sides are held against: see
`benchmarks/README.md` for the rows in words.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.data.job import DAY, EVAL, HOP, RANKING, TRAIN, VALIDATION, Aggregate, Job, rung


class Event(NamedTuple):
    """One event of a user, in the order that sorts them."""

    time: int
    order: int
    item: str
    type: str
    request: str | None
    context: tuple[Any, ...]


Example = dict[str, list[Any]]
# (item, type) -> days with events, and the sum of the counts up to and with each.
Tiles = Mapping[tuple[str, str], tuple[Sequence[int], Sequence[int]]]


class UserRows:
    """Builds the rows of users, one user at a time."""

    def __init__(self, job: Job, tiles: Tiles, item_count: Mapping[str, int]) -> None:
        """Takes what all users share.

        Args:
            job: The job.
            tiles: Events of each item, type and day.
            item_count: Training behaviours of each item that has some.
        """
        self._job = job
        self._tiles = tiles
        self._item_count = item_count
        self._items = sorted(item_count)

    def build(
        self, user_id: str, events: list[Event], user: Mapping[str, Any]
    ) -> Iterator[tuple[str, Example]]:
        """Rows of one user, as pairs of split and feature lists.

        Args:
            user_id: The user.
            events: All events of the user, in any order, duplicates included.
            user: The user's row of the users table, empty without one.
        """
        log = _in_order(events)
        fixed = {
            f.name: feature_value(user.get(f.name), f.kind) for f in self._job.features_of("query")
        }
        fixed["user_id"] = [user_id]
        behaviours = [n for n, event in enumerate(log) if not self._is_impression(event)]
        for split, row in (
            *self._train(log, behaviours),
            *self._ranking(log, behaviours),
            *self._held_out(log, behaviours),
        ):
            yield split, {**fixed, **row}

    def _train(self, log: list[Event], behaviours: list[int]) -> Iterator[tuple[str, Example]]:
        length = self._job.history_length
        known = [n for n in behaviours if log[n].time < self._job.validation_from]
        for start in range(0, len(known) - 1, length):
            window = known[start : start + length + 1]
            yield TRAIN, self._query(log, window, window[-1])

    def _ranking(self, log: list[Event], behaviours: list[int]) -> Iterator[tuple[str, Example]]:
        requests: dict[str | int, dict[str, list[int]]] = {}
        for n, event in enumerate(log):
            if self._is_impression(event) and event.time < self._job.validation_from:
                # Without a request, what was shown in one second belongs together.
                request = requests.setdefault(event.request or event.time, {})
                request.setdefault(event.item, []).append(n)
        deeds = self._credited(log)
        for places in list(requests.values())[-self._job.ranking_rows_per_user :]:
            # An item that was shown again in its list is one candidate, where it was first.
            shown = [again[0] for again in places.values()]
            types = [{kind for n in again for kind in deeds[n]} for again in places.values()]
            before = behaviours[: bisect_left(behaviours, shown[0])]
            row = self._query(log, before[-self._job.history_length :], shown[0])
            row |= self._user_aggregates(log, shown[0])
            row["candidate_item_id"] = [log[n].item for n in shown]
            row["candidate_probability"] = [1.0] * len(shown)
            row["label"] = [float(bool(found)) for found in types]
            for kind in self._job.label_types:
                row[f"label_{kind}"] = [float(kind in found) for found in types]
            yield RANKING, row | self._item_aggregates(row, log[shown[0]].time)

    def _held_out(self, log: list[Event], behaviours: list[int]) -> Iterator[tuple[str, Example]]:
        job = self._job
        for split, first, last in (
            (VALIDATION, job.validation_from, job.eval_from),
            (EVAL, job.eval_from, None),
        ):
            held_out = [
                (place, n)
                for place, n in enumerate(behaviours)
                if log[n].time >= first and (last is None or log[n].time < last)
            ]
            for place, n in held_out[: job.held_out_rows_per_user]:
                shown = behaviours[max(0, place - job.max_history) : place]
                row = self._query(log, shown, n) | self._user_aggregates(log, n)
                row["target_item_id"] = [log[n].item]
                row["user_rung"] = [rung(len(shown))]
                row["item_rung"] = [rung(self._item_count.get(log[n].item, 0))]
                row |= self._sampled(log[n].item)
                yield split, row | self._item_aggregates(row, log[n].time)

    def _query(self, log: list[Event], shown: list[int], request: int) -> Example:
        context = zip(self._job.features_of("context"), log[request].context, strict=True)
        return {
            "history_item_id": [log[n].item for n in shown],
            "history_event_type": [log[n].type for n in shown],
            "history_time": [log[n].time for n in shown],
            "request_time": [log[request].time],
            **{feature.name: feature_value(value, feature.kind) for feature, value in context},
        }

    def _user_aggregates(self, log: list[Event], request: int) -> Example:
        """Counts of the events before the request; the tail of a window lies on the hour."""
        now = log[request].time // HOP * HOP

        def counted(event_type: str, days: int) -> int:
            first = bisect_left(log, now - days * DAY, key=lambda event: event.time)
            return sum(event.type == event_type for event in log[first:request])

        return {a.name: [_aggregate(a, counted)] for a in self._job.aggregates_of("user")}

    def _item_aggregates(self, row: Example, time: int) -> Example:
        return {
            aggregate.name: [
                item_value(aggregate, self._tiles, item, time // DAY)
                for item in row["candidate_item_id"]
            ]
            for aggregate in self._job.aggregates_of("item")
        }

    def _credited(self, log: list[Event]) -> dict[int, set[str]]:
        """Impression -> types of what the user did with its item soon after.

        A deed counts for the list that it names, where this showed the item; else for the latest.
        """
        found: dict[int, set[str]] = defaultdict(set)
        latest: dict[tuple[str, str | None], int] = {}  # under None of all lists
        for n, event in enumerate(log):
            if event.time >= self._job.validation_from:
                break
            if self._is_impression(event):
                latest[event.item, event.request] = latest[event.item, None] = n
                continue
            shown = latest.get((event.item, event.request), latest.get((event.item, None)))
            if shown is not None and event.time - log[shown].time <= self._job.attribution_seconds:
                found[shown].add(event.type)
        return found

    def _sampled(self, target: str) -> Example:
        """The target among uniform negatives, of which the comparison looks at the number only."""
        negatives = random.sample(self._items, min(self._job.candidates - 1, len(self._items)))
        probability = len(negatives) / len(self._items)
        row: Example = {
            "candidate_item_id": [target, *negatives],
            "candidate_probability": [1.0, *[probability] * len(negatives)],
            "label": [1.0, *[0.0] * len(negatives)],
        }
        return row

    def _is_impression(self, event: Event) -> bool:
        return event.type == self._job.impression_type


def item_value(aggregate: Aggregate, tiles: Tiles, item: str, day: int) -> float:
    """An item-side aggregate as a request of a day sees it: the whole days before."""

    def counted(event_type: str, days: int) -> int:
        known, sums = tiles.get((item, event_type), ((), ()))
        upto = [0, *sums]
        return upto[bisect_left(known, day)] - upto[bisect_left(known, day - days)]

    return _aggregate(aggregate, counted)


def _aggregate(aggregate: Aggregate, counted: Callable[[str, int], int]) -> float:
    count = counted(aggregate.event_type, aggregate.days)
    if aggregate.per is None:
        return float(count)
    per = counted(aggregate.per, aggregate.days)
    return float(np.float32(count / per)) if per else 0.0


def _in_order(events: list[Event]) -> list[Event]:
    """Events in time order, those of a second in input order, repetitions left out."""
    first: dict[tuple[Any, ...], Event] = {}
    for event in sorted(events, key=lambda event: event[:2]):
        first.setdefault((event.item, event.time, event.type), event)
    return list(first.values())


def feature_value(value: Any, kind: str) -> list[Any]:
    """A declared feature: text is "" and a number absent when missing."""
    if kind == "number":
        return [] if value is None or value != value else [float(np.float32(value))]
    return ["" if value is None else value]
