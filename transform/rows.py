"""Rows of the raw examples, in columns: what the fold shows before each request.

Everything here works on whole partitions of users; there is no loop over events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from transform import features as f
from transform.event_log import ITEM, PERIOD, TYPE, EventLog, Histories, ranges, user_keys
from transform.features import Feature, Kind, Side
from transform.followers import Followers
from transform.negatives import Candidates, CandidateSampler, Requests
from transform.random_numbers import mix
from transform.seen import SeenItems
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import EVALUATING, TRAINING, VALIDATING
from transform.state import history_starts
from transform.tiles import ClosedTiles, close_tiles

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Shop:
    """What the rows of every user share.

    Attributes:
        items: Code -> item id.
        types: Code -> event type.
        tiles: Item-side aggregates, closed at the end of the training period.
        features: Declared features.
        split: How events are divided.
        examples: Shape of the rows.
        seed: Seed of the sampled candidates.
    """

    items: pl.Series
    types: pl.Series
    tiles: ClosedTiles
    features: tuple[Feature, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int

    @classmethod
    def close(
        cls,
        log: EventLog,
        features: Sequence[Feature],
        split: SplitSettings,
        examples: ExampleSettings,
        seed: int,
    ) -> Shop:
        """Closes the tiles of a log whose periods are assigned."""
        tiles = close_tiles(log, examples)
        return cls(log.items, log.types, tiles, tuple(features), split, examples, seed)

    def item_counts(self) -> Ints:
        """Training events of each item code."""
        counts = np.zeros(len(self.items), np.int64)
        counts[self.tiles.items[ITEM].to_numpy()] = self.tiles.items["count"].to_numpy()
        return counts


@dataclass(frozen=True)
class _Rows:
    """R rows of one kind: whose they are, which events they show, which event they ask for."""

    user: Ints
    start: Ints
    end: Ints
    request: Ints


def build_rows(histories: Histories, shop: Shop) -> dict[str, pa.RecordBatch]:
    """The rows of some users, by split: `train`, `ranking`, `validation`, `eval`.

    A row depends on its own user's earlier events, on the closed tiles and on the seed: not on the
    other users of the partition, and not on anything later.
    """
    return _RowBuilder(histories, shop).build()


def held_out_events(histories: Histories, split: SplitSettings, period: int) -> Ints:
    """Indices of the events that are asked for: each user's first ones of a held-out period."""
    request = np.flatnonzero(histories.column(PERIOD) == period)
    user = histories.user_of_event[request]
    nth = np.arange(len(request)) - np.searchsorted(user, user)
    return request[nth < split.max_rows_per_user]


class _RowBuilder:
    def __init__(self, histories: Histories, shop: Shop) -> None:
        self._histories = histories
        self._shop = shop
        self._item = histories.column(ITEM)
        self._period = histories.column(PERIOD)
        self._user = histories.user_of_event
        self._first = histories.offsets[:-1]
        # Periods never run backwards within a user, so training events come first.
        training = np.bincount(self._user[self._period == TRAINING], minlength=len(self._first))
        self._training_end = self._first + training
        self._count = shop.item_counts()
        settings = shop.examples
        followers = Followers(shop.tiles.co_view, len(shop.items), settings.co_view_decay)
        self._sampler = CandidateSampler(self._count, followers, settings.candidates)
        self._seen = SeenItems(histories, len(shop.items))
        self._keys = mix(user_keys(histories.users[f.USER_ID]), np.array([shop.seed], np.uint64))

    def build(self) -> dict[str, pa.RecordBatch]:
        train, ranking = self._train(), self._ranking()
        batches = {
            f.TRAIN: self._batch(self._query(train)),
            f.RANKING: self._batch(
                {**self._query(ranking), **self._candidates(ranking, self._training_end)}
            ),
        }
        for split, period in ((f.VALIDATION, VALIDATING), (f.EVAL, EVALUATING)):
            rows = self._held_out(period)
            batches[split] = self._batch(
                {**self._query(rows), **self._candidates(rows, None), **self._target(rows)}
            )
        return batches

    def _train(self) -> _Rows:
        """Windows of training events; consecutive windows share one event."""
        length = self._shop.examples.history_length
        events = self._training_end - self._first
        windows = np.maximum(0, -(-(events - 1) // length))
        user = np.repeat(np.arange(len(windows)), windows)
        nth = ranges(np.zeros_like(windows), windows)
        start = self._first[user] + nth * length
        end = np.minimum(start + length + 1, self._training_end[user])
        return _Rows(user, start, end, end - 1)

    def _ranking(self) -> _Rows:
        """The latest requests of each user's training events."""
        settings = self._shop.examples
        start = np.maximum(self._first, self._training_end - settings.ranking_rows_per_user)
        request = ranges(start, self._training_end - start)
        return self._requests(request, settings.history_length)

    def _held_out(self, period: int) -> _Rows:
        request = held_out_events(self._histories, self._shop.split, period)
        return self._requests(request, self._shop.examples.max_history)

    def _requests(self, request: Ints, length: int) -> _Rows:
        user = self._user[request]
        start = history_starts(self._first[user], request, length)
        return _Rows(user, start, request, request)

    def _query(self, rows: _Rows) -> dict[str, pa.Array]:
        """The query part: user, history before the request, query and context features."""
        events, users = self._histories.events, self._histories.users
        counts = rows.end - rows.start
        index = ranges(rows.start, counts)
        shown, asked = events[index], events[rows.request]
        columns = {
            f.USER_ID: _scalars(users[f.USER_ID][rows.user]),
            f.HISTORY_ITEM_ID: _lists(self._shop.items.gather(shown[ITEM]), counts),
            f.HISTORY_EVENT_TYPE: _lists(self._shop.types.gather(shown[TYPE]), counts),
            f.HISTORY_TIME: _lists(shown[f.EVENT_TIME], counts),
            f.REQUEST_TIME: _scalars(asked[f.EVENT_TIME]),
        }
        for feature in self._shop.features:
            if feature.side is Side.QUERY:
                columns[feature.name] = feature_column(users[feature.name][rows.user], feature)
            elif feature.side is Side.CONTEXT:
                columns[feature.name] = feature_column(asked[feature.name], feature)
        return columns

    def _candidates(self, rows: _Rows, seen_until: Ints | None) -> dict[str, pa.Array]:
        """Candidates; negatives are none of the user's events before `seen_until` (by user).

        Without `seen_until`, the events before each request count.
        """
        until = rows.request if seen_until is None else seen_until[rows.user]
        first = self._first[rows.user]
        width = self._shop.examples.co_view_window
        recent = rows.request[:, None] - np.arange(width, 0, -1)[None, :]
        inside = recent >= first[:, None]
        # The place within the user's history tells the rows of a user apart.
        place = (rows.request - first).astype(np.uint64)
        drawn = self._sampler.sample(
            Requests(
                key=mix(self._keys[rows.user], place),
                positive=self._item[rows.request],
                recent=np.where(inside, self._item[np.maximum(recent, 0)], -1),
                user=rows.user,
                first=first,
                until=until,
                seen=self._seen,
            )
        )
        return self._candidate_columns(drawn)

    def _candidate_columns(self, drawn: Candidates) -> dict[str, pa.Array]:
        return {
            f.CANDIDATE_ITEM_ID: _lists(self._shop.items.gather(drawn.item), drawn.counts),
            f.LABEL: _lists(pl.Series(drawn.label, dtype=pl.Float32), drawn.counts),
            f.CANDIDATE_PROBABILITY: _lists(
                pl.Series(drawn.probability, dtype=pl.Float32), drawn.counts
            ),
        }

    def _target(self, rows: _Rows) -> dict[str, pa.Array]:
        """The held-out item, and the rungs of the cold-start ladder that slice the evaluation."""
        target = self._item[rows.request]
        return {
            f.TARGET_ITEM_ID: _scalars(self._shop.items.gather(target)),
            f.USER_RUNG: _scalars(_rungs(rows.end - rows.start)),
            f.ITEM_RUNG: _scalars(_rungs(self._count[target])),
        }

    @staticmethod
    def _batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def catalogue_rows(log: EventLog, shop: Shop, items: pl.DataFrame | None) -> pa.RecordBatch:
    """One row for each item of the items table and of the log, in the order of the ids."""
    seen = pl.DataFrame({f.ITEM_ID: log.items, f.ITEM_COUNT: shop.item_counts()})
    if items is None:
        table = seen
    else:
        table = seen.join(items, on=f.ITEM_ID, how="full", coalesce=True).sort(f.ITEM_ID)
    columns = {
        f.ITEM_ID: _scalars(table[f.ITEM_ID]),
        f.ITEM_COUNT: _scalars(table[f.ITEM_COUNT].fill_null(0)),
    }
    for feature in f.candidate_features(shop.features):
        columns[feature.name] = feature_column(table[feature.name], feature)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def feature_column(values: pl.Series, feature: Feature) -> pa.Array:
    """A declared feature as lists of one value: text is "" and a number absent when missing."""
    if feature.kind is Kind.NUMBER:
        return _scalars(values.cast(pl.Float32).fill_nan(None))
    if feature.kind is Kind.TIME:
        return _scalars(values.cast(pl.Int64))
    return _scalars(values.cast(pl.String).fill_null(""))


def _rungs(counts: Ints) -> pl.Series:
    lowest = np.array([low for low, _ in f.RUNGS])
    names = pl.Series([name for _, name in f.RUNGS])
    return names.gather(np.searchsorted(lowest, counts, side="right") - 1)


def _scalars(values: pl.Series) -> pa.Array:
    """Lists of one value; a null value becomes a null list, that is, an absent feature."""
    array = _flat(values)
    offsets = pa.array(np.arange(len(array) + 1), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, array)
    if not array.null_count:
        return lists
    return pa.ListArray.from_arrays(offsets, array, mask=array.is_null())


def _lists(values: pl.Series, counts: Ints) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), _flat(values))


def _flat(values: pl.Series) -> pa.Array:
    array = values.to_arrow()
    return array.cast(pa.binary()) if values.dtype == pl.String else array
