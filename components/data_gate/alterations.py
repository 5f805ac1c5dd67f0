"""Other worlds: the same log up to a moment, and something else after it."""

from __future__ import annotations

import numpy as np
import polars as pl

from transform import features as f
from transform.answers import answers_a_list
from transform.event_log import PERIOD
from transform.settings import SplitSettings
from transform.splits import EVALUATING, TRAINING

_MONTH_SECONDS = 30 * 24 * 3600
_MARK = "certificate"
# What places an event in the log stays with it.
_KEPT = (f.USER_ID, f.ITEM_ID, f.EVENT_TYPE, f.EVENT_TIME, f.EVENT_ID, f.ORDER, PERIOD)


def after_training(events: pl.DataFrame) -> pl.Series:
    """Which events lie after the training period."""
    return events[PERIOD] != TRAINING


def after(events: pl.DataFrame, moment: int) -> pl.Series:
    """Which events lie after a moment (unix seconds)."""
    return events[f.EVENT_TIME] > moment


def without(events: pl.DataFrame, future: pl.Series) -> pl.DataFrame:
    """The events that are not of the future."""
    return events.filter(~future)


def with_other(
    events: pl.DataFrame, future: pl.Series, impression_type: str, seed: int
) -> pl.DataFrame:
    """The log with other items, types and times in its future, in other contexts.

    Impressions stay impressions. The events of a user keep their order, so that each one's period
    still follows the one before.

    Args:
        events: Normalised events with their periods.
        future: Which of them are replaced.
        impression_type: The event type that is no behaviour.
        seed: Seed of the replacement.
    """
    rng = np.random.default_rng(seed)
    old = events.filter(future)
    rows = len(old)
    items = old[f.ITEM_ID].sample(rows, shuffle=True, seed=seed)
    unheard_of = pl.Series(rng.random(rows) < 0.5)
    later = old[f.USER_ID].hash(seed) % _MONTH_SECONDS + 1
    other = old.with_columns(
        pl.when(unheard_of).then(f"{_MARK} " + items).otherwise(items).alias(f.ITEM_ID),
        _other_type(impression_type),
        pl.col(f.EVENT_TIME) + later.cast(pl.Int64),
        *(
            old[name].sample(rows, shuffle=True, seed=seed)
            for name in old.columns
            if name not in _KEPT
        ),
    )
    return pl.concat([without(events, future), other])


def from_the_last_of_training() -> pl.Expr:
    """Which events are a user's last of the training period, or come later in total order."""
    return (pl.col(PERIOD) == TRAINING).cast(pl.Int64).cum_sum(reverse=True).over(f.USER_ID) <= 1


def of_the_test(impression_type: str, split: SplitSettings) -> pl.Expr:
    """Which events are behaviours of the evaluation period, from each user's first request on.

    Args:
        impression_type: The event type that is no behaviour.
        split: Which behaviours may be asked for.
    """
    impression = pl.col(f.EVENT_TYPE) == impression_type
    deed = (pl.col(PERIOD) == EVALUATING) & ~impression
    if split.held_out == "all":
        return deed
    asked = deed & ~answers_a_list(f.USER_ID, impression)
    return deed & (asked.cast(pl.Int64).cum_sum().over(f.USER_ID) > 0)


def with_other_deeds(events: pl.DataFrame, which: pl.Expr, impression_type: str) -> pl.DataFrame:
    """The log with other items and types in some events, which stay where they are.

    The types are exchanged among those that the log has, so that counts of any of them move.

    Args:
        events: Normalised events with their periods, in total order.
        which: The events to change.
        impression_type: The event type that is no behaviour; it stays.
    """
    types = sorted(set(events[f.EVENT_TYPE].unique()) - {impression_type})
    turned = dict(zip(types, [*types[1:], types[0] if types[1:] else _MARK], strict=True))
    item, kind = pl.col(f.ITEM_ID), pl.col(f.EVENT_TYPE)
    return events.with_columns(
        pl.when(which).then(f"{_MARK} " + item).otherwise(item).alias(f.ITEM_ID),
        pl.when(which).then(kind.replace(turned)).otherwise(kind).alias(f.EVENT_TYPE),
    )


def _other_type(impression_type: str) -> pl.Expr:
    kind = pl.col(f.EVENT_TYPE)
    return pl.when(kind == impression_type).then(kind).otherwise(kind + f" {_MARK}")
