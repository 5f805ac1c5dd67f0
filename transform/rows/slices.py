"""Columns by which the evaluation is sliced: buckets of what a held-out request is and asks for."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform import features as f
from transform.aggregates import DAY_SECONDS

Ints = NDArray[np.int64]

# First time of an item without any training behaviour.
NEVER = int(np.iinfo(np.int64).max)
_DECILES = 10
_HOUR_SECONDS = 3600
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


def rung_names(counts: Ints) -> pl.Series:
    """Rungs of the cold-start ladder for interaction counts [N]."""
    lowest = np.array([low for low, _ in f.RUNGS])
    place = np.searchsorted(lowest, counts, side="right") - 1
    return pl.Series(f.SLICES[f.USER_RUNG]).gather(place)


def age_names(first_time: Ints, request_time: Ints) -> pl.Series:
    """How long the models could know the target at the time of the request.

    The days are counted from the item's first training behaviour. An item that has none, or none
    before the request (under leave_one_out the training of others may reach beyond it), is new.

    Args:
        first_time: Of each target, unix seconds, `NEVER` where there is none [N].
        request_time: Unix seconds [N].
    """
    lowest = np.array([days * DAY_SECONDS for days, _ in f.AGES])
    known = first_time < request_time
    age = request_time - np.where(known, first_time, request_time)
    place = np.where(known, np.searchsorted(lowest, age, side="right"), 0)
    return pl.Series(f.SLICES[f.TARGET_AGE]).gather(place)


def popularity_names(deciles: Ints) -> pl.Series:
    """Names of popularity deciles [N]."""
    return pl.Series(f.SLICES[f.TARGET_POPULARITY]).gather(deciles)


def hour_names(time: Ints) -> pl.Series:
    """Hours of the day (UTC) of unix seconds [N]."""
    return pl.Series(f.SLICES[f.REQUEST_HOUR]).gather(time % DAY_SECONDS // _HOUR_SECONDS)


def weekday_names(time: Ints) -> pl.Series:
    """Days of the week (UTC) of unix seconds [N]."""
    return pl.Series(f.SLICES[f.REQUEST_WEEKDAY]).gather((time // DAY_SECONDS + _EPOCH_WEEKDAY) % 7)


def popularity_deciles(counts: Ints) -> Ints:
    """Popularity decile of each item, each about a tenth of all training behaviours.

    Deciles of items instead would put nearly every request into the first one: a few items take
    most of what happens.

    Args:
        counts: Training behaviours of each item [I].

    Returns:
        1 for the most popular items to 10 for the least, equal for items that are equally popular;
        0 for an item without a training behaviour [I].
    """
    order = np.argsort(-counts, kind="stable")
    ordered = counts[order]
    ahead = np.cumsum(ordered) - ordered
    equal = np.searchsorted(-ordered, -ordered, side="left")
    decile = 1 + _DECILES * ahead[equal] // max(1, int(counts.sum()))
    result = np.empty(len(counts), np.int64)
    result[order] = np.where(ordered > 0, decile, 0)
    return result
