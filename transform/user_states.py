"""The state of every user at the end of the log, as the online side reads it."""

from __future__ import annotations

import polars as pl

from transform.event_log import ITEM, TYPE, Histories
from transform.features import EVENT_TIME, HISTORY_EVENT_TYPE, HISTORY_ITEM_ID, HISTORY_TIME
from transform.shop import Shop

_USER = "#user"


def user_states(histories: Histories, shop: Shop) -> pl.DataFrame:
    """The fold's state of each own user: the latest behaviours, oldest first, and the features.

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
    users = histories.users.with_row_index(_USER).with_columns(pl.col(_USER).cast(pl.Int64))
    users = users.filter(pl.Series(histories.own_users))
    states = users.join(latest, on=_USER, how="left", maintain_order="left").drop(_USER)
    empty = pl.lit([], dtype=pl.List(pl.String))
    return states.with_columns(
        pl.col(HISTORY_ITEM_ID, HISTORY_EVENT_TYPE).fill_null(empty),
        pl.col(HISTORY_TIME).fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
    )
