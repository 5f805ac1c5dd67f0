"""From the log to one row for each user: arm, first list, outcomes after it and before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from components.experiments.variance import Values
from serving.experiments.assignment import APART, ASSIGNED
from transform.aggregates import DAY_SECONDS


@dataclass(frozen=True)
class Design:
    """What is asked of the log.

    Attributes:
        name: The experiment.
        arms: Its arms, the control first, with their shares.
        impression_type: Event type of the items of a list.
        outcome: Event type that is counted.
        outcome_days: Days after the first list in which it is.
        before_days: Days before it, for the correction.
        alpha: Chance of a false finding over all looks and arms together.
        planned_users: At how many users the interval is narrowest for its level.
    """

    name: str
    arms: tuple[tuple[str, float], ...]
    impression_type: str
    outcome: str
    outcome_days: int
    before_days: int
    alpha: float
    planned_users: int

    @property
    def outcome_seconds(self) -> int:
        """Time after the first list in which outcomes count."""
        return self.outcome_days * DAY_SECONDS


@dataclass(frozen=True)
class Users:
    """The users of an experiment, by the time of their first list.

    Attributes:
        user_id: [N].
        arm: Index of the arm [N].
        first: Time of the first list, unix seconds [N].
        outcome: Events that count [N].
        before: The same in the days before [N].
        torn: Users who were seen in several arms; they are left out.
    """

    user_id: pl.Series
    arm: NDArray[np.int64]
    first: NDArray[np.int64]
    outcome: Values
    before: Values
    torn: int

    def __len__(self) -> int:
        return len(self.first)

    def chosen(self, which: NDArray[np.bool_]) -> Users:
        """Some of them."""
        return Users(
            self.user_id.filter(pl.Series(which)),
            self.arm[which],
            self.first[which],
            self.outcome[which],
            self.before[which],
            self.torn,
        )


def users_of(log: pl.LazyFrame, design: Design) -> Users:
    """The users whom the log saw in an arm.

    Args:
        log: What the compactor wrote: user_id, event_id, event_type, event_time, arm.
        design: The experiment.
    """
    names = [name for name, _ in design.arms]
    seen = (
        exposures(log, design)
        .group_by("user_id")
        .agg(
            pl.col("of").n_unique().alias("arms"),
            pl.col("of").first().alias("arm"),
            pl.col("event_time").min().alias("first"),
        )
    )
    done = log.filter(pl.col("event_type") == design.outcome).unique(["user_id", "event_id"])
    since = pl.col("event_time") - pl.col("first")
    counted = (
        done.join(seen, "user_id")
        .group_by("user_id")
        .agg(
            since.is_between(0, design.outcome_seconds, "left").sum().alias("outcome"),
            since.is_between(-design.before_days * DAY_SECONDS, 0, "left").sum().alias("before"),
        )
    )
    whole = seen.join(counted, "user_id", "left").fill_null(0).sort("first", "user_id").collect()
    table = whole.filter(pl.col("arms") == 1)
    return Users(
        table["user_id"],
        table["arm"].replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy(),
        table["first"].to_numpy(),
        table["outcome"].cast(pl.Float64).to_numpy(),
        table["before"].cast(pl.Float64).to_numpy(),
        len(whole) - len(table),
    )


def days_of(first: NDArray[np.int64], design: Design, until: int) -> Iterator[tuple[int, int]]:
    """The ends of days at which the time of some users is over, in order.

    Args:
        first: Time of the first list of each user, in order, unix seconds [N].
        design: The experiment.
        until: End of the log, unix seconds.

    Yields:
        Days since the first of all, and the number of users whose time is over at their end.
    """
    if len(first):
        begin = int(first[0])
        for day in range(design.outcome_days, (until - begin) // DAY_SECONDS + 1):
            entered = begin + (day - design.outcome_days) * DAY_SECONDS
            yield day, int(np.searchsorted(first, entered, "right"))


def exposures(log: pl.LazyFrame, design: Design) -> pl.LazyFrame:
    """The items that users were shown under the experiment; `of` is the arm."""
    names = [name for name, _ in design.arms]
    of = pl.col("arm").str.extract(f"(?:^|{APART}){design.name}{ASSIGNED}([^{APART}]+)")
    return (
        log.filter(pl.col("event_type") == design.impression_type)
        .with_columns(of.alias("of"))
        .filter(pl.col("of").is_in(names))
    )
