"""For whom an arm is better or worse: slices, allowing for how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from components.experiments.comparison import Finding, Look, is_enough, look
from components.experiments.users import Design, Users
from components.verdict.multiple_tests import holm

ACTIVITY = "before"  # a slice that needs no feature: whether a user did anything before


@dataclass(frozen=True)
class Slice:
    """An arm against the control, among some users.

    Attributes:
        feature: By what they are told apart.
        value: Their value of it.
        arm: The arm.
        look: What is known of them; its interval holds for all slices together, at all times.
        chance: p-value, adjusted for the number of slices by Holm's method.
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

    Args:
        users: All users of the experiment.
        attributes: Feature -> value of each of them.
        design: The experiment.
        until: End of the log, unix seconds.
    """
    over = users.first + design.outcome_seconds <= until
    parts = []
    for feature, value, inside in _parts(users, attributes):
        for arm in range(1, len(design.arms)):
            pair = users.chosen(over & inside & ((users.arm == 0) | (users.arm == arm)))
            if is_enough(pair, arm):
                parts.append((feature, value, arm, pair))
    looks = [look(pair, arm, design, len(parts)) for _, _, arm, pair in parts]
    chances = holm([one.chance for one in looks])
    return [
        Slice(feature, value, design.arms[arm][0], one, p, _finding(one, p < design.alpha))
        for (feature, value, arm, _), one, p in zip(parts, looks, chances, strict=True)
    ]


def _parts(
    users: Users, attributes: Mapping[str, pl.Series]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Feature, value, and who has it [N]."""
    activity = pl.Series(np.where(users.before > 0, "active", "new or idle"))
    for feature, column in {ACTIVITY: activity, **attributes}.items():
        for value in sorted(column.drop_nulls().unique().to_list()):
            yield feature, value, (column == value).fill_null(value=False).to_numpy()


def _finding(one: Look, sure: bool) -> Finding:
    if not sure:
        return Finding.OPEN
    return Finding.BETTER if one.difference > 0 else Finding.WORSE
