"""Rows of the raw examples, in columns: what the fold shows before each request.

Everything here works on whole partitions of users; there is no loop over events.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from transform import features as f
from transform.aggregates import Of, aggregates_of, user_windows
from transform.aggregation.user_aggregates import (
    CategoryValues,
    EventColumns,
    Moments,
    UserAggregates,
)
from transform.event_log import ITEM, PERIOD, TYPE, Histories, ranges, user_keys
from transform.features import Side, label_key
from transform.rows import slices
from transform.rows.columns import feature_column, lists, named, scalars
from transform.rows.impressions import shown_lists
from transform.rows.negatives import Candidates, CandidateSampler, Requests
from transform.rows.own_items import OwnItems
from transform.rows.random_numbers import mix
from transform.rows.seen import SeenItems
from transform.rows.shop import Shop
from transform.splits import EVALUATING, TRAINING, VALIDATING, held_out_events
from transform.state import history_starts

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Rows:
    """R rows of one kind.

    Attributes:
        user: Whose they are [R].
        start: The first behaviour that each row shows [R].
        end: The behaviour after the last one that it shows [R].
        event: The event whose request it is, among all events [R].
    """

    user: Ints
    start: Ints
    end: Ints
    event: Ints


def build_rows(histories: Histories, shop: Shop) -> dict[str, pa.RecordBatch]:
    """The rows of some users, by split: all but `catalogue`.

    A row depends on its own user's earlier events, on the closed tiles and on the seed: not on the
    other users of the partition, and not on anything later.
    """
    return _RowBuilder(histories, shop).build()


def eval_targets(histories: Histories, shop: Shop) -> pl.DataFrame:
    """`user_id` and `item_id` of the own held-out requests that measure the model."""
    behaviours = histories.behaviours
    asked = held_out_events(histories, shop.split, EVALUATING)
    return pl.DataFrame(
        {
            f.USER_ID: behaviours.users[f.USER_ID].gather(behaviours.user_of_event[asked]),
            f.ITEM_ID: shop.items.gather(behaviours.events[ITEM][asked]),
        }
    )


class _RowBuilder:
    def __init__(self, histories: Histories, shop: Shop) -> None:
        self._histories = histories
        self._shop = shop
        self._behaviours = behaviours = histories.behaviours
        self._event_of_behaviour = np.flatnonzero(histories.is_behaviour)
        self._item = behaviours.column(ITEM)
        self._user = behaviours.user_of_event
        self._first = behaviours.offsets[:-1]
        # Periods never run backwards within a user, so training events come first.
        trains = behaviours.column(PERIOD) == TRAINING
        training = np.bincount(self._user[trains], minlength=len(self._first))
        self._training_end = self._first + training
        self._count = shop.item_counts
        self._sampler = CandidateSampler(self._count, shop.followers, shop.examples.candidates)
        self._seen = SeenItems(behaviours, len(shop.items))
        self._own = OwnItems(self._item, self._count > 0) if shop.examples.repeats else None
        self._keys = mix(user_keys(histories.users[f.USER_ID]), np.array([shop.seed], np.uint64))

    def build(self) -> dict[str, pa.RecordBatch]:
        batches = {f.TRAIN: self._batch(self._query(self._train())), f.RANKING: self._ranking()}
        for split, period in ((f.VALIDATION, VALIDATING), (f.EVAL, EVALUATING)):
            rows = self._held_out(period)
            batches[split] = self._batch(
                {**self._query(rows), **self._sampled(rows, None), **self._target(rows)}
            )
            if self._shop.examples.shown_held_out:
                batches[f.SHOWN[split]] = self._batch(self._shown(period))
        return batches

    def _train(self) -> _Rows:
        """Windows of training events; consecutive windows share one event."""
        length = self._shop.examples.history_length
        events = self._training_end - self._first
        windows = np.maximum(0, -(-(events - 1) // length))
        user = np.repeat(np.arange(len(windows)), windows)
        start = self._first[user] + ranges(np.zeros_like(windows), windows) * length
        own = self._behaviours.owns(start)
        user, start = user[own], start[own]
        end = np.minimum(start + length + 1, self._training_end[user])
        return _Rows(user, start, end, self._event_of_behaviour[end - 1])

    def _ranking(self) -> pa.RecordBatch:
        """The latest requests of each user's training period: real ones where the log has them."""
        if self._histories.impression >= 0:
            return self._batch(self._shown(TRAINING))
        settings = self._shop.examples
        every = settings.ranking_every
        start = np.maximum(self._first, self._training_end - every * settings.ranking_rows_per_user)
        request = ranges(start, self._training_end - start)
        # Counted from the user's first event on, so that later events do not choose.
        request = request[(request - self._first[self._user[request]]) % every == 0]
        rows = self._requests(request[self._behaviours.owns(request)], settings.history_length)
        return self._batch({**self._query(rows), **self._sampled(rows, self._training_end)})

    def _shown(self, period: int) -> dict[str, pa.Array]:
        """Rows of what users were shown in a period."""
        histories, settings = self._histories, self._shop.examples
        types = self._shop.types.to_list()
        shown = shown_lists(histories, types, settings, self._keys, period)
        user = histories.user_of_event[shown.event]
        end = histories.behaviours_before[shown.event]
        start = history_starts(self._first[user], end, settings.history_length)
        rows = _Rows(user, start, end, shown.event)
        candidates = Candidates(shown.counts, shown.item, shown.label, shown.probability)
        labels = {
            label_key(name): lists(pl.Series(values, dtype=pl.Float32), shown.counts)
            for name, values in shown.labels.items()
        }
        asked = {} if period == TRAINING else self._asked(rows, end - self._first[user])
        return {**self._query(rows), **self._candidates(rows, candidates), **labels, **asked}

    def _held_out(self, period: int) -> _Rows:
        request = held_out_events(self._histories, self._shop.split, period)
        return self._requests(request, self._shop.examples.max_history)

    def _requests(self, request: Ints, length: int) -> _Rows:
        user = self._user[request]
        start = history_starts(self._first[user], request, length)
        return _Rows(user, start, request, self._event_of_behaviour[request])

    def _query(self, rows: _Rows) -> dict[str, pa.Array]:
        """The query part: user, history before the request, query and context features."""
        users = self._histories.users
        counts = rows.end - rows.start
        shown = self._behaviours.events[ranges(rows.start, counts)]
        asked = self._histories.events[rows.event]
        columns = {
            f.USER_ID: scalars(users[f.USER_ID][rows.user]),
            f.HISTORY_ITEM_ID: named(shown[ITEM].to_numpy(), self._shop.item_names, counts),
            f.HISTORY_EVENT_TYPE: named(shown[TYPE].to_numpy(), self._shop.type_names, counts),
            f.HISTORY_TIME: lists(shown[f.EVENT_TIME], counts),
            f.REQUEST_TIME: scalars(asked[f.EVENT_TIME]),
        }
        for feature in self._shop.features:
            if feature.side is Side.QUERY:
                columns[feature.name] = feature_column(users[feature.name][rows.user], feature)
            elif feature.side is Side.CONTEXT:
                columns[feature.name] = feature_column(asked[feature.name], feature)
        return columns

    def _sampled(self, rows: _Rows, seen_until: Ints | None) -> dict[str, pa.Array]:
        """Candidates; negatives are none of the user's events before `seen_until` (by user).

        Without `seen_until`, the events before each request count. Where lists repeat what a user
        has had, no event counts: a score then promises something of every item, and what is
        promised of those that the user has had must be counted as what happens with them is.
        """
        first = self._first[rows.user]
        until = rows.end if seen_until is None else seen_until[rows.user]
        width = self._shop.examples.co_view_window
        recent = rows.end[:, None] - np.arange(width, 0, -1)[None, :]
        inside = recent >= first[:, None]
        # The place within the user's history tells the rows of a user apart.
        place = (rows.end - first).astype(np.uint64)
        return self._candidates(
            rows,
            self._sampler.sample(
                Requests(
                    key=mix(self._keys[rows.user], place),
                    positive=self._item[rows.end],
                    recent=np.where(inside, self._item[np.maximum(recent, 0)], -1),
                    user=rows.user,
                    first=first,
                    until=until if self._own is None else first,
                    seen=self._seen,
                    start=history_starts(first, rows.end, self._shop.examples.history_length),
                    end=rows.end,
                    own=self._own,
                )
            ),
        )

    def _candidates(self, rows: _Rows, drawn: Candidates) -> dict[str, pa.Array]:
        """Candidates, and what the aggregates say at the time of each request."""
        return {
            f.CANDIDATE_ITEM_ID: named(drawn.item, self._shop.item_names, drawn.counts),
            f.LABEL: lists(pl.Series(drawn.label, dtype=pl.Float32), drawn.counts),
            f.CANDIDATE_PROBABILITY: lists(
                pl.Series(drawn.probability, dtype=pl.Float32), drawn.counts
            ),
            **self._aggregates(rows, drawn),
        }

    def _aggregates(self, rows: _Rows, drawn: Candidates) -> dict[str, pa.Array]:
        shop, events = self._shop, self._histories
        if not shop.aggregates:
            return {}
        time, types = events.column(f.EVENT_TIME)[rows.event], shop.types.to_list()
        moments = Moments(rows.user, rows.event, time)
        row = np.repeat(np.arange(len(time)), drawn.counts)
        of_requests = {
            **self._user_aggregates.user_values(moments),
            **shop.days.shop_values(shop.aggregates, types, time),
        }
        by_category = self._user_aggregates.category_values(moments)
        of_candidates = {
            **{name: v.of_candidates(row, drawn.item) for name, v in by_category.items()},
            **shop.days.item_values(shop.aggregates, types, drawn.item, time[row]),
        }
        return {
            **{name: scalars(pl.Series(values)) for name, values in of_requests.items()},
            **{
                name: lists(pl.Series(values), drawn.counts)
                for name, values in of_candidates.items()
            },
            **self._sent_by_category(by_category),
        }

    def _sent_by_category(self, found: Mapping[str, CategoryValues]) -> dict[str, pa.Array]:
        """What a client would send of the aggregates by category."""
        columns = {}
        for aggregate in aggregates_of(self._shop.aggregates, Of.USER_CATEGORY):
            values = found[aggregate.name]
            names = values.categories.names.gather(values.category)
            columns[aggregate.key_name] = lists(names, values.counts)
            columns[aggregate.value_name] = lists(pl.Series(values.value), values.counts)
        return columns

    @functools.cached_property
    def _user_aggregates(self) -> UserAggregates:
        columns, shop = EventColumns.of(self._histories), self._shop
        windows = user_windows(shop.aggregates)
        return UserAggregates(windows, columns, shop.types.to_list(), shop.categories)

    def _target(self, rows: _Rows) -> dict[str, pa.Array]:
        """The held-out item, whether the user has had it, and what slices the evaluation."""
        target, shop = self._item[rows.end], self._shop
        time = self._histories.column(f.EVENT_TIME)[rows.event]
        had = self._seen.before(rows.user, rows.end, target)
        columns = {
            f.TARGET_ITEM_ID: shop.items.gather(target),
            f.ITEM_RUNG: slices.rung_names(self._count[target]),
            f.TARGET_AGE: slices.age_names(shop.item_first_times[target], time),
            f.TARGET_POPULARITY: slices.popularity_names(shop.item_deciles[target]),
            f.IS_REPEAT: pl.Series(had).cast(pl.Int8).cast(pl.String),
        }
        return {
            **{name: scalars(values) for name, values in columns.items()},
            **self._asked(rows, rows.end - rows.start),
        }

    def _asked(self, rows: _Rows, known: Ints) -> dict[str, pa.Array]:
        """Slicing columns of how much is known of who asks, and of the time."""
        time = self._histories.column(f.EVENT_TIME)[rows.event]
        columns = {
            f.USER_RUNG: slices.rung_names(known),
            f.REQUEST_HOUR: slices.hour_names(time),
            f.REQUEST_WEEKDAY: slices.weekday_names(time),
        }
        return {name: scalars(values) for name, values in columns.items()}

    @staticmethod
    def _batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
