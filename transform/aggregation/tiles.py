"""Item-side aggregates, closed at the end of the training period.

Weights are summed in fixed point: integer sums are the same in any order, so tiles of parts of a
log merge into the tile of the whole, bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from transform.aggregates import Aggregate, Of, aggregates_of
from transform.aggregation.item_tiles import DayTiles
from transform.event_log import ITEM, PERIOD, TYPE, Histories
from transform.features import EVENT_TIME, ITEM_ID
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import TRAINING

FOLLOWER = "follower"
FOLLOWER_ID = "follower_id"
WEIGHT = "weight"
_FIXED_POINT = 2**30


@dataclass(frozen=True)
class ClosedTiles:
    """Tiles over the training behaviours, by item code.

    Attributes:
        items: One row for each item with a training behaviour, by code: `item`, `count`,
            `first_time`, `last_time`.
        co_view: `item`, `follower`, `weight` (float32): the heaviest followers of each item,
            heaviest first, of equal weight in order of code.
    """

    items: pl.DataFrame
    co_view: pl.DataFrame


@dataclass(frozen=True)
class OpenTiles:
    """Tiles of a part of the log, which merge.

    Attributes:
        items: As in ClosedTiles, in order of item.
        pairs: `item`, `follower`, `weight` (int64, fixed point) of all pairs, in order of item.
        days: Counts of the events by item, type and day; empty if no aggregate needs them.
    """

    items: pl.DataFrame
    pairs: pl.DataFrame
    days: DayTiles


NO_DAYS = DayTiles.of(*[np.empty(0, np.int64)] * 3)


def open_tiles(
    histories: Histories,
    split: SplitSettings,
    settings: ExampleSettings,
    aggregates: Sequence[Aggregate] = (),
) -> OpenTiles:
    """Aggregates the own events of histories whose periods are assigned.

    Args:
        histories: The events. Only training behaviours count for items and pairs.
        split: How events are divided.
        settings: Of the co-view tile.
        aggregates: Declared aggregates.
    """
    behaviours = histories.behaviours
    training = behaviours.column(PERIOD) == TRAINING
    own = training & behaviours.owns(np.arange(len(training)))
    days = NO_DAYS
    if aggregates_of(aggregates, Of.ITEM, Of.ALL):
        days = _days(histories, split)
    items = _items(behaviours.events.filter(pl.Series(own)))
    return OpenTiles(items, _pairs(behaviours, settings), days)


def merge_items(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The item tile of all parts."""
    return (
        pl.concat(parts)
        .group_by(ITEM)
        .agg(pl.col("count").sum(), pl.col("first_time").min(), pl.col("last_time").max())
        .sort(ITEM)
    )


def close_co_view(parts: Sequence[pl.DataFrame], settings: ExampleSettings) -> pl.DataFrame:
    """The co-view tile of all pairs of some items."""
    return (
        pl.concat(parts)
        .group_by(ITEM, FOLLOWER)
        .agg(pl.col(WEIGHT).sum())
        .sort(ITEM, WEIGHT, FOLLOWER, descending=[False, True, False])
        .group_by(ITEM, maintain_order=True)
        .head(settings.co_view_neighbours)
        .with_columns((pl.col(WEIGHT) / _FIXED_POINT).cast(pl.Float32))
    )


def close_tiles(parts: Sequence[OpenTiles], settings: ExampleSettings) -> ClosedTiles:
    """The tiles of all parts."""
    return ClosedTiles(
        merge_items([part.items for part in parts]),
        close_co_view([part.pairs for part in parts], settings),
    )


def _days(histories: Histories, split: SplitSettings) -> DayTiles:
    """Counts by day, impressions included.

    Under `leave_one_out` the training period of one user reaches beyond that of another, so a
    held-out event would be seen by other users' training rows a day later; there it does not count.
    """
    counted = histories.owns(np.arange(len(histories.events)))
    if split.protocol == "leave_one_out":
        counted &= histories.column(PERIOD) == TRAINING
    item, time, kind = (histories.column(name)[counted] for name in (ITEM, EVENT_TIME, TYPE))
    return DayTiles.of(item, time, kind)


def _items(training: pl.DataFrame) -> pl.DataFrame:
    return (
        training.group_by(ITEM)
        .agg(
            count=pl.len().cast(pl.Int64),
            first_time=pl.col(EVENT_TIME).min(),
            last_time=pl.col(EVENT_TIME).max(),
        )
        .sort(ITEM)
    )


def _pairs(behaviours: Histories, settings: ExampleSettings) -> pl.DataFrame:
    """Weights of items that follow each other; a pair belongs to its later event."""
    user, item = behaviours.user_of_event, behaviours.column(ITEM)
    training = behaviours.column(PERIOD) == TRAINING
    own = behaviours.owns(np.arange(len(item)))
    keys, weights = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for gap in range(1, settings.co_view_window + 1):
        pair = (user[:-gap] == user[gap:]) & (item[:-gap] != item[gap:])
        # Periods never run backwards within a user: the earlier event trains, too.
        pair &= training[gap:] & own[gap:]
        # One number for two items: grouping is several times faster so.
        keys.append((item[:-gap][pair] << 32) | item[gap:][pair])
        weights.append(np.full(int(pair.sum()), round(_FIXED_POINT / gap), dtype=np.int64))
    pairs = pl.DataFrame({"key": np.concatenate(keys), WEIGHT: np.concatenate(weights)})
    summed = pairs.group_by("key").agg(pl.col(WEIGHT).sum()).sort("key")
    return summed.select(
        (pl.col("key") // 2**32).cast(pl.Int32).alias(ITEM),
        (pl.col("key") % 2**32).cast(pl.Int32).alias(FOLLOWER),
        WEIGHT,
    )


def item_table(items: pl.Series, tiles: ClosedTiles) -> pl.DataFrame:
    """The item tile with item ids, as it is published."""
    ids = items.gather(tiles.items[ITEM]).alias(ITEM_ID)
    return tiles.items.select(ids, "count", "first_time", "last_time")


def co_view_table(items: pl.Series, tiles: ClosedTiles) -> pl.DataFrame:
    """The co-view tile with item ids, as it is published."""
    return tiles.co_view.select(
        items.gather(tiles.co_view[ITEM]).alias(ITEM_ID),
        items.gather(tiles.co_view[FOLLOWER]).alias(FOLLOWER_ID),
        WEIGHT,
    )
