"""An arm against the control, at one look and at the end of every day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from components.experiments.sequences import chance, mixing, radius
from components.experiments.users import Design, Users, days_of
from components.experiments.variance import Values, adjusted, saved

# Below, the central limit theorem is not to be relied on, and nothing is said.
FEWEST_USERS = 100  # of an arm


class Finding(StrEnum):
    """What may be said of an arm."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"


@dataclass(frozen=True)
class Look:
    """What is known at one time.

    Attributes:
        users: Users of both arms whose time is over.
        difference: Mean of the arm less that of the control, corrected.
        lower: Lower end of its confidence sequence.
        upper: Upper end.
        chance: p-value at all times together, of this one test.
    """

    users: int
    difference: float
    lower: float
    upper: float
    chance: float

    @property
    def finding(self) -> Finding:
        """Better or worse where the interval leaves 0 out."""
        if self.lower > 0:
            return Finding.BETTER
        return Finding.WORSE if self.upper < 0 else Finding.OPEN


@dataclass(frozen=True)
class Comparison:
    """An arm against the control.

    Attributes:
        arm: Its name.
        mean: Outcomes of a user of the arm, as counted; None where nobody's time is over.
        control: Those of a user of the control.
        saved: Share of the variance that the correction by the days before took away.
        look: What is known now; None with too few users.
        days: Days since the first list -> what was known at their end.
    """

    arm: str
    mean: float | None
    control: float | None
    saved: float
    look: Look | None
    days: dict[int, Look]


def compare(users: Users, arm: int, design: Design, until: int) -> Comparison:
    """Compares an arm with the control.

    Args:
        users: All users of the experiment.
        arm: Index of the arm.
        design: The experiment.
        until: End of the log, unix seconds.
    """
    pair = users.chosen((users.arm == 0) | (users.arm == arm))
    complete = pair.chosen(pair.first + design.outcome_seconds <= until)
    treated = complete.arm == arm
    corrected = adjusted(complete.outcome, complete.before, complete.arm)
    return Comparison(
        design.arms[arm][0],
        _mean_or_none(complete.outcome[treated]),
        _mean_or_none(complete.outcome[~treated]),
        saved(complete.outcome, corrected, complete.arm),
        look(complete, arm, design) if is_enough(complete, arm) else None,
        _days(pair, arm, design, until),
    )


def _days(pair: Users, arm: int, design: Design, until: int) -> dict[int, Look]:
    known = {}
    for day, count in days_of(pair.first, design, until):
        complete = pair.chosen(np.arange(len(pair)) < count)
        if is_enough(complete, arm):
            known[day] = look(complete, arm, design)
    return known


def is_enough(users: Users, arm: int) -> bool:
    """Whether there are users enough to say something."""
    treated = users.arm == arm
    return min(int(treated.sum()), int((~treated).sum())) >= FEWEST_USERS


def look(users: Users, arm: int, design: Design, tests: int = 0) -> Look:
    """What some users tell of an arm and the control.

    Args:
        users: Users of both whose time is over, enough of each.
        arm: Index of the arm.
        design: The experiment.
        tests: As in `look_at`.
    """
    treated = users.arm == arm
    values = adjusted(users.outcome, users.before, users.arm)
    groups = values[treated], values[~treated]
    difference = float(groups[0].mean() - groups[1].mean())
    error = math.sqrt(sum(float(group.var(ddof=1)) / len(group) for group in groups))
    return look_at(difference, error, len(users), design, tests)


def look_at(difference: float, error: float, count: int, design: Design, tests: int = 0) -> Look:
    """What an estimate with a standard error tells.

    Args:
        difference: The estimate.
        error: Its standard error.
        count: Observations behind it.
        design: The experiment.
        tests: Among how many tests the level of the interval is divided; 0 for one for each arm
            but the control. The p-value stays that of one test.
    """
    rho2 = mixing(design.alpha, design.planned_users)
    level = design.alpha / (tests or len(design.arms) - 1)
    width = radius(error, count, level, rho2)
    p = chance(difference, error, count, rho2)
    return Look(count, difference, difference - width, difference + width, p)


def _mean_or_none(values: Values) -> float | None:
    return float(values.mean()) if len(values) else None
