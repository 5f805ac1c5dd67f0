"""Whether lists earn what they used to: the sign of drift that a shop itself can see.

Tastes are not in any table. But when they change, the lists that a model makes for users it knows
are clicked less than on the days before, and that is in the log on the same day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

# So many standard errors below the days before: by chance alone on one day of 2,000.
LEAST = -3.3


@dataclass(frozen=True)
class Earnings:
    """Clicks on the lists of a day against those on the days before, of users who came before.

    Attributes:
        clicks_per_list: Of the day.
        before: Of the days before.
        standard_errors: How far the day lies from them; users are what is drawn by chance.
    """

    clicks_per_list: float
    before: float
    standard_errors: float

    @property
    def fell(self) -> bool:
        """Whether the lists earn less than chance explains."""
        return self.standard_errors < LEAST


def earnings(day: Path, days_before: Sequence[Path]) -> Earnings | None:
    """Compares a day with those before it.

    Args:
        day: Folder of the day's log.
        days_before: Folders of the days before.

    Returns:
        None where there is nothing to compare with.
    """
    if not days_before:
        return None
    before = pl.concat([_by_user(one) for one in days_before]).group_by("user_id").sum()
    now = _by_user(day).join(before, on="user_id", how="semi")
    if now.is_empty():
        return None
    rate, error = _rate(now)
    usual, usual_error = _rate(before)
    spread = math.hypot(error, usual_error)
    return Earnings(rate, usual, (rate - usual) / spread if spread else 0.0)


def _by_user(day: Path) -> pl.DataFrame:
    """Lists of the model that each user was shown on a day, and clicks on them."""
    events = pl.scan_parquet(day / "*.parquet")
    shown = events.filter(pl.col("source") == "model")
    lists = shown.select("user_id", "request_id").unique()
    clicks = events.filter(pl.col("event_type") == "click").group_by("request_id").len("clicks")
    found = lists.join(clicks, on="request_id", how="left").group_by("user_id")
    return found.agg(lists=pl.len(), clicks=pl.col("clicks").fill_null(0).sum()).collect()


def _rate(users: pl.DataFrame) -> tuple[float, float]:
    """Clicks per list, and its standard error as that of a ratio over users."""
    lists, clicks = users["lists"].to_numpy(), users["clicks"].to_numpy()
    total = float(lists.sum())
    rate = float(clicks.sum()) / total
    return rate, float(((clicks - rate * lists) ** 2).sum()) ** 0.5 / total
