"""Whether lists earn what they used to: the sign of drift that a shop itself can see.

Tastes are not in any table. But when they change, the lists that a model makes for users it knows
are clicked less than on the days before, and that is in the log on the same day.

Users differ more than days do: some click on every list, others hardly ever. So each user is held
against what the same user clicked before, and the day against how well that held on other days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

# So many standard errors below the days before: by chance alone on one day of 2,000.
LEAST = -3.3
# Lists of all users that count beside a user's own: of few own lists, the rate is mostly chance.
_SHARED_LISTS = 3.0


@dataclass(frozen=True)
class Earnings:
    """Clicks of a day, over those that the same users' earlier lists promised.

    Attributes:
        kept: Of the day, as a share of what was promised.
        usual: The same of the days that it is compared with.
        standard_errors: How far the day lies from them; users are what is drawn by chance.
    """

    kept: float
    usual: float
    standard_errors: float

    @property
    def change(self) -> float:
        """The share by which the day earned more than usual; below 0, less."""
        return self.kept / self.usual - 1.0

    @property
    def fell(self) -> bool:
        """Whether the lists earn less than chance explains."""
        return self.standard_errors < LEAST


def earnings(days: Sequence[Path], compared: int) -> Earnings | None:
    """Holds the last of some days against those before it.

    Args:
        days: Folders of the log of each day on which a model made lists, oldest first.
        compared: How many days it is compared with; each is held against all before it.

    Returns:
        None where there is nothing to compare with: two days must have gone before.
    """
    lists = [_by_user(day) for day in days]
    first = max(1, len(days) - 1 - compared)
    held = [_held(lists[:at], lists[at]) for at in range(first, len(days))]
    if len(held) < 2:
        return None
    today, usual = held[-1], pl.concat(held[:-1]).group_by("user_id").sum()
    if today.is_empty() or not usual["clicks"].sum():
        return None
    # A user of both sides is drawn once for both.
    users = today.join(usual, on="user_id", how="full", suffix="_usual", coalesce=True)
    users = users.fill_null(0.0)
    kept, moved = _ratio(users["clicks"], users["promised"])
    before, moved_before = _ratio(users["clicks_usual"], users["promised_usual"])
    spread = float(np.linalg.norm(moved - moved_before))
    return Earnings(kept, before, (kept - before) / spread if spread else 0.0)


def _by_user(day: Path) -> pl.DataFrame:
    """Lists of the model that each user was shown on a day, and clicks on them."""
    events = pl.scan_parquet(day / "*.parquet")
    shown = events.filter(pl.col("source") == "model")
    lists = shown.select("user_id", "request_id").unique()
    clicks = events.filter(pl.col("event_type") == "click").group_by("request_id").len("clicks")
    found = lists.join(clicks, on="request_id", how="left").group_by("user_id")
    sums = found.agg(lists=pl.len(), clicks=pl.col("clicks").fill_null(0).sum())
    return sums.cast({"lists": pl.Float64, "clicks": pl.Float64}).collect()


def _held(before: Sequence[pl.DataFrame], day: pl.DataFrame) -> pl.DataFrame:
    """Of each known user, the clicks of a day and those that the earlier lists promised."""
    known = pl.concat(before).group_by("user_id").sum()
    common = float(known["clicks"].to_numpy().sum()) / max(known["lists"].to_numpy().sum(), 1.0)
    shrunk = (pl.col("clicks") + _SHARED_LISTS * common) / (pl.col("lists") + _SHARED_LISTS)
    rates = known.select("user_id", rate=shrunk)
    of_known = day.join(rates, on="user_id")
    return of_known.select("user_id", "clicks", promised=pl.col("lists") * pl.col("rate"))


def _ratio(part: pl.Series, whole: pl.Series) -> tuple[float, npt.NDArray[np.float64]]:
    """A ratio of sums over users, and by how much each user moves it."""
    parts, wholes = part.to_numpy(), whole.to_numpy()
    ratio = float(parts.sum() / wholes.sum())
    return ratio, (parts - ratio * wholes) / wholes.sum()
