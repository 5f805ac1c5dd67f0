"""For whom an arm is better or worse: slices, allowing for how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from components.experiments.comparison import Finding, Look, is_enough, look
from components.experiments.users import Design, Users
from components.verdict.multiple_tests import holm

ACTIVITY = "before"  # a slice that needs no feature: whether a user did anything before
_ACTIVITIES = pl.Enum(["active", "new or idle"])


@dataclass(frozen=True)
class Slice:
    """An arm against the control, among some users.

    Attributes:
        feature: By what they are told apart.
        value: Their value of it.
        arm: The arm.
        look: What is known of them; its interval holds for all slices together, at all times.
        chance: p-value, adjusted for the number of tests by Holm's method.
        finding: What may be said at the level of the experiment, over all slices together.
    """

    feature: str
    value: str
    arm: str
    look: Look
    chance: float
    finding: Finding


def slices(
    users: Users, attributes: Mapping[str, pl.Series], design: Design, until: int
) -> list[Slice]:
    """The arms against the control in each slice that has enough users.

    Intervals and chances allow for all slices that there can be. Were only those counted that have
    enough users by now, the first of them would be looked at as if no others were to follow, and
    over all times together more than the experiment's level would be found by chance.

    Args:
        users: All users of the experiment.
        attributes: Feature -> value of each of them; its `pl.Enum` lists all values there can be.
        design: The experiment.
        until: End of the log, unix seconds.
    """
    over = users.first + design.outcome_seconds <= until
    parts, tests = [], 0
    for feature, value, inside in _parts(users, attributes):
        for arm in range(1, len(design.arms)):
            tests += 1
            pair = users.chosen(over & inside & ((users.arm == 0) | (users.arm == arm)))
            if is_enough(pair, arm):
                parts.append((feature, value, arm, pair))
    looks = [look(pair, arm, design, tests) for _, _, arm, pair in parts]
    unread = [1.0] * (tests - len(looks))
    chances = holm([*(one.chance for one in looks), *unread])[: len(looks)]
    return [
        Slice(feature, value, design.arms[arm][0], one, p, _finding(one, p < design.alpha))
        for (feature, value, arm, _), one, p in zip(parts, looks, chances, strict=True)
    ]


def _parts(
    users: Users, attributes: Mapping[str, pl.Series]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Feature, value, and who has it [N]."""
    activity = pl.Series(np.where(users.before > 0, "active", "new or idle"), dtype=_ACTIVITIES)
    for feature, column in {ACTIVITY: activity, **attributes}.items():
        for value in cast("pl.Enum", column.dtype).categories:
            yield feature, value, (column == value).fill_null(value=False).to_numpy()


def _finding(one: Look, sure: bool) -> Finding:
    if not sure:
        return Finding.OPEN
    return Finding.BETTER if one.difference > 0 else Finding.WORSE
