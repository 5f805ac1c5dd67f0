"""The state of every user at the end of the log, as the online side reads it."""

from __future__ import annotations

import numpy as np
import polars as pl

from transform.aggregates import user_windows
from transform.aggregation.user_aggregates import EventColumns
from transform.aggregation.user_tiles import user_tiles
from transform.event_log import ITEM, TYPE, Histories
from transform.features import EVENT_TIME, HISTORY_EVENT_TYPE, HISTORY_ITEM_ID, HISTORY_TIME
from transform.published_fold import PublishedFold
from transform.rows.shop import Shop

_USER = "#user"


def user_states(histories: Histories, shop: Shop) -> pl.DataFrame:
    """The fold's state of each own user: the latest behaviours, oldest first, and the features.

    Where aggregates of users are declared, `tiles` holds what their windows can still reach.

    Args:
        histories: The users' events.
        shop: Vocabularies, and how much history is kept.
    """
    behaviours = histories.behaviours
    events = behaviours.events.select(
        pl.Series(_USER, behaviours.user_of_event),
        shop.items.gather(behaviours.events[ITEM]).alias(HISTORY_ITEM_ID),
        shop.types.gather(behaviours.events[TYPE]).alias(HISTORY_EVENT_TYPE),
        pl.col(EVENT_TIME).alias(HISTORY_TIME),
    )
    latest = events.group_by(_USER, maintain_order=True).agg(
        pl.all().tail(shop.examples.max_history)
    )
    known = histories.users
    if windows := user_windows(shop.aggregates):
        columns, types = EventColumns.of(histories), shop.types.to_list()
        known = known.with_columns(user_tiles(windows, columns, types, shop.categories))
    users = known.with_row_index(_USER).with_columns(pl.col(_USER).cast(pl.Int64))
    users = users.filter(pl.Series(histories.own_users))
    states = users.join(latest, on=_USER, how="left", maintain_order="left").drop(_USER)
    empty = pl.lit([], dtype=pl.List(pl.String))
    return states.with_columns(
        pl.col(HISTORY_ITEM_ID, HISTORY_EVENT_TYPE).fill_null(empty),
        pl.col(HISTORY_TIME).fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
    )


def published_fold(shop: Shop, end: int) -> PublishedFold:
    """What the online side needs beside the states.

    Args:
        shop: Aggregates, and the tiles of the whole shop.
        end: Time of the last event, unix seconds.
    """
    values = shop.days.shop_values(shop.aggregates, shop.types.to_list(), np.array([end]))
    return PublishedFold(
        windows=user_windows(shop.aggregates),
        shop_values={name: float(value[0]) for name, value in values.items()},
        max_history=shop.examples.max_history,
        impression_type=shop.examples.impression_type,
    )
