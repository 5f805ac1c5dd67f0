"""Interleaved lists: whose items users take when they see both arms at once.

Source: Radlinski, Kurup and Joachims 2008, How Does Clickthrough Data Reflect Retrieval Quality?
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from components.experiments.comparison import FEWEST_USERS, Look, look_at
from components.experiments.users import Design, days_of, exposures


@dataclass(frozen=True)
class Duel:
    """The two arms of an interleaved experiment.

    Attributes:
        users: Users who were shown drafted lists and whose time is over.
        credits: Outcomes on items of the control and of the other arm.
        look: Outcomes of a user on items of the other arm less those on the control's; None with
            too few users.
        days: Days since the first list -> what was known at their end.
    """

    users: int
    credits: tuple[int, int]
    look: Look | None
    days: dict[int, Look]


def duel(log: pl.LazyFrame, design: Design, until: int) -> Duel:
    """Credits each arm with the outcomes on its items.

    An outcome counts for the list that it names and in which its item stood, once, and within the
    days after the user's first list: what is known of a user whose time is over stays as it is.

    Args:
        log: What the compactor wrote: user_id, item_id, event_id, request_id, event_type,
            event_time, arm.
        design: The experiment, of two arms.
        until: End of the log, unix seconds.
    """
    shown = exposures(log, design)
    item = ["user_id", "request_id", "item_id"]
    done = (
        log.filter(pl.col("event_type") == design.outcome)
        .group_by(item)
        .agg(pl.col("event_time").min().alias("done"))
    )
    since = pl.col("done") - pl.col("event_time").min()  # of the user, as it is grouped below
    counts = since.is_between(0, design.outcome_seconds, "left").fill_null(value=False)
    credit = [
        (counts & (pl.col("of") == name)).sum().alias(str(place))
        for place, (name, _) in enumerate(design.arms)
    ]
    users = (
        shown.unique(item)
        .join(done, item, "left")
        .group_by("user_id")
        .agg(pl.col("event_time").min().alias("first"), *credit)
        .filter(pl.col("first") + design.outcome_seconds <= until)
        .sort("first", "user_id")
        .collect()
    )
    difference = (users["1"].cast(pl.Int64) - users["0"].cast(pl.Int64)).to_numpy()
    days = {}
    for day, count in days_of(users["first"].to_numpy(), design, until):
        if (known := _look(difference[:count], design)) is not None:
            days[day] = known
    credits = int(users["0"].sum()), int(users["1"].sum())
    return Duel(len(users), credits, _look(difference, design), days)


def _look(difference: NDArray[np.int64], design: Design) -> Look | None:
    count = len(difference)
    if count < FEWEST_USERS:
        return None
    error = math.sqrt(float(difference.var(ddof=1)) / count)
    return look_at(float(difference.mean()), error, count, design)
