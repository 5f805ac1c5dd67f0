"""Everything that is known of an experiment, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from components.experiments.comparison import Comparison, Finding, compare
from components.experiments.duel import Duel, duel
from components.experiments.ratio import RatioCheck, check_ratio
from components.experiments.slices import Slice, slices
from components.experiments.users import Design, users_of

# Ids are assigned by hashing, so a user in two arms tells of ids that change or of two plans. A
# few come from restarts in the moment of a change.
MOST_TORN = 0.01  # share of the users


@dataclass(frozen=True)
class ArmCount:
    """The users of an arm, and how many there should be."""

    arm: str
    users: int
    expected: float


@dataclass(frozen=True)
class Result:
    """What came of an experiment.

    Attributes:
        design: The experiment.
        until: End of the log, unix seconds.
        arms: Users of each arm; empty where lists were interleaved.
        ratio: Whether these numbers are as they should be; None where lists were interleaved.
        torn: Users who were seen in several arms; they are in none.
        comparisons: Each arm against the control; empty where the experiment may not be read.
        slices: The same among some users.
        duel: What came of interleaved lists; None for other experiments.
    """

    design: Design
    until: int
    arms: tuple[ArmCount, ...] = ()
    ratio: RatioCheck | None = None
    torn: int = 0
    comparisons: tuple[Comparison, ...] = ()
    slices: tuple[Slice, ...] = ()
    duel: Duel | None = None

    @property
    def readable(self) -> bool:
        """Whether anything may be concluded from it."""
        users = self.torn + sum(arm.users for arm in self.arms)
        return (self.ratio is None or self.ratio.holds) and self.torn <= MOST_TORN * users

    @property
    def findings(self) -> dict[str, Finding]:
        """Arm -> what may be said of it; empty where nothing may be."""
        if self.duel is not None:
            look = self.duel.look
            return {self.design.arms[1][0]: look.finding if look else Finding.OPEN}
        return {one.arm: one.look.finding if one.look else Finding.OPEN for one in self.comparisons}


def analyse(
    log: pl.LazyFrame,
    attributes: pl.DataFrame | None,
    design: Design,
    *,
    interleaved: bool,
    now: int,
) -> Result:
    """Analyses an experiment.

    Args:
        log: What the compactor wrote.
        attributes: `user_id` and the features by which users are told apart; None for none.
        design: The experiment.
        interleaved: Whether its lists were drafted from both arms.
        now: Unix seconds. Of an event that is dated ahead nothing follows for the time of others.
    """
    until = min(log.select(pl.col("event_time").max()).collect().item() or 0, now)
    if interleaved:
        return Result(design, until, duel=duel(log, design, until))
    users = users_of(log, design)
    counts = [int((users.arm == arm).sum()) for arm in range(len(design.arms))]
    ratio = check_ratio(counts, [share for _, share in design.arms])
    arms = tuple(
        ArmCount(name, count, expected)
        for (name, _), count, expected in zip(design.arms, counts, ratio.expected, strict=True)
    )
    result = Result(design, until, arms, ratio, users.torn)
    if not result.readable:
        return result
    treatments = range(1, len(design.arms))
    return replace(
        result,
        comparisons=tuple(compare(users, arm, design, until) for arm in treatments),
        slices=tuple(slices(users, _columns(users.user_id, attributes), design, until)),
    )


def _columns(user_id: pl.Series, attributes: pl.DataFrame | None) -> Mapping[str, pl.Series]:
    if attributes is None:
        return {}
    told = attributes.unique("user_id", keep="first")
    rows = user_id.alias("user_id").to_frame().join(told, "user_id", "left", maintain_order="left")
    return {
        name: rows[name].cast(pl.String).cast(_values(told[name]))
        for name in rows.columns
        if name != "user_id"
    }


def _values(told: pl.Series) -> pl.Enum:
    """All values that users have, whether or not the experiment has seen any of those users."""
    return pl.Enum(told.drop_nulls().cast(pl.String).unique().sort())
