"""Item-side aggregates, closed at the end of the training period.

Weights are summed in fixed point: integer sums are the same in any order, so tiles of parts of a
log merge into the tile of the whole, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from transform.event_log import ITEM, PERIOD, EventLog
from transform.features import EVENT_TIME, ITEM_ID
from transform.settings import ExampleSettings
from transform.splits import TRAINING

FOLLOWER_ID = "follower_id"
RECENT_SECONDS = 28 * 24 * 3600
_FIXED_POINT = 2**30


@dataclass(frozen=True)
class ClosedTiles:
    """Tiles over the training events, by item code.

    Attributes:
        items: One row for each item with a training event, by code: `item`, `count`,
            `recent_count` (the last 28 days of the training period), `first_time`, `last_time`.
        co_view: `item`, `follower`, `weight` (float32): the heaviest followers of each item,
            heaviest first, of equal weight in order of code.
    """

    items: pl.DataFrame
    co_view: pl.DataFrame


def close_tiles(log: EventLog, settings: ExampleSettings) -> ClosedTiles:
    """Aggregates the training events of a log whose periods are assigned."""
    histories = log.histories
    user = pl.Series("user", histories.user_of_event)
    events = histories.events.select(ITEM, EVENT_TIME, PERIOD).with_columns(user)
    training = events.filter(pl.col(PERIOD) == TRAINING)
    return ClosedTiles(_item_tile(training), _co_view_tile(training, settings))


def _item_tile(training: pl.DataFrame) -> pl.DataFrame:
    recent = pl.col(EVENT_TIME) > pl.col(EVENT_TIME).max() - RECENT_SECONDS
    return (
        training.with_columns(recent=recent)
        .group_by(ITEM)
        .agg(
            count=pl.len().cast(pl.Int64),
            recent_count=pl.col("recent").sum().cast(pl.Int64),
            first_time=pl.col(EVENT_TIME).min(),
            last_time=pl.col(EVENT_TIME).max(),
        )
        .sort(ITEM)
    )


def _co_view_tile(training: pl.DataFrame, settings: ExampleSettings) -> pl.DataFrame:
    user = training["user"].to_numpy()
    item = training[ITEM].to_numpy()
    pairs = []
    for gap in range(1, settings.co_view_window + 1):
        same = (user[:-gap] == user[gap:]) & (item[:-gap] != item[gap:])
        weight = np.full(int(same.sum()), round(_FIXED_POINT / gap), dtype=np.int64)
        frame = {ITEM: item[:-gap][same], "follower": item[gap:][same], "weight": weight}
        pairs.append(pl.DataFrame(frame).group_by(ITEM, "follower").agg(pl.col("weight").sum()))
    return (
        pl.concat(pairs)
        .group_by(ITEM, "follower")
        .agg(pl.col("weight").sum())
        .sort(ITEM, "weight", "follower", descending=[False, True, False])
        .group_by(ITEM, maintain_order=True)
        .head(settings.co_view_neighbours)
        .with_columns((pl.col("weight") / _FIXED_POINT).cast(pl.Float32))
    )


def item_table(log: EventLog, tiles: ClosedTiles) -> pl.DataFrame:
    """The item tile with item ids, as it is published."""
    ids = log.items.gather(tiles.items[ITEM]).alias(ITEM_ID)
    return tiles.items.select(ids, "count", "recent_count", "first_time", "last_time")


def co_view_table(log: EventLog, tiles: ClosedTiles) -> pl.DataFrame:
    """The co-view tile with item ids, as it is published."""
    return tiles.co_view.select(
        log.items.gather(tiles.co_view[ITEM]).alias(ITEM_ID),
        log.items.gather(tiles.co_view["follower"]).alias(FOLLOWER_ID),
        "weight",
    )
