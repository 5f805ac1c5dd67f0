"""Settings of experiments: nothing in them changes a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Self

from pydantic import Field, field_validator, model_validator

from serving.experiments.plan import Arm, Experiment, Plan
from transform.settings import Frozen

_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"


class ArmSettings(Frozen):
    """What one part of an experiment's users gets.

    Attributes:
        name: Its name.
        share: Its part of the experiment's users, relative to the other arms.
        label: Label of the version that answers, `canary` for one; none for what everybody gets.
        k: Items of a list; none for what the application asks for.
        parameters: What the application reads and acts upon.
    """

    name: str = Field(pattern=_NAME)
    share: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    label: str = Field(default="", pattern=r"^[\w.-]{0,40}$")
    k: int | None = Field(default=None, ge=1)
    parameters: dict[str, str | int | float] = Field(default_factory=dict)


class ExperimentSettings(Frozen):
    """One experiment: who takes part, what each arm gets, and by what it is judged.

    Attributes:
        name: Its name; another name deals the arms anew.
        layer: Experiments of one layer share its users out among them, so that nobody is in two;
            each layer has all users. Arms of different layers must not change the same thing.
        users: Part of the layer's users that takes part, as first and last place within 0 and 1.
            A later end takes more in and moves nobody.
        arms: At least two, the control first.
        interleaved: All users get lists drafted from those of both arms, and what they do with the
            items decides. It needs few users, and tells which list is better, not by how much.
        stopped: Nobody takes part any more; what is in the log is still read.
        outcome: Type of the events that are counted.
        outcome_days: A user's events count for so many days from the first list on, and the user
            as soon as they are over.
        before_days: Days before the first list whose events tell users apart beforehand; 0 for
            none.
        alpha: Chance of a difference that is none being found, over all looks together.
        planned_users: At how many users the interval shall be narrowest for its level.
        slices: Query features of kind category by which it is looked at, too.
    """

    name: str = Field(pattern=_NAME)
    layer: str = Field(default="lists", pattern=_NAME)
    users: tuple[float, float] = (0.0, 1.0)
    arms: tuple[ArmSettings, ...] = Field(min_length=2)
    interleaved: bool = False
    stopped: bool = False
    outcome: str
    outcome_days: int = Field(default=7, ge=1)
    before_days: int = Field(default=14, ge=0)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    planned_users: int = Field(default=10_000, ge=100)
    slices: tuple[str, ...] = ()

    @field_validator("users")
    @classmethod
    def _users_are_a_part(cls, users: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= users[0] < users[1] <= 1:
            raise ValueError(
                "`users` are a first and a last place within 0 and 1. Received: "
                f"{list(users)}. Write, for example, [0, 0.1] for a tenth of them."
            )
        return users

    @model_validator(mode="after")
    def _arms_are_sound(self) -> Self:
        repeated = [name for name, n in Counter(arm.name for arm in self.arms).items() if n > 1]
        if repeated:
            raise ValueError(
                f"each arm has a name of its own. Received: {repeated[0]!r} more than once in "
                f"{self.name!r}. Rename one."
            )
        labels = {arm.label for arm in self.arms}
        plain = all(arm.k is None and not arm.parameters for arm in self.arms)
        if self.interleaved and not (len(self.arms) == len(labels) == 2 and plain):
            raise ValueError(
                "two arms with different labels, and nothing else in them, can be interleaved. "
                f"Received: {self.name!r} with the labels {sorted(labels)} in {len(self.arms)} "
                "arms. Give one arm a `label`, or leave `interleaved` out."
            )
        return self

    def changes(self) -> set[str]:
        """What its arms change of a request."""
        found = {f"parameters.{name}" for arm in self.arms for name in arm.parameters}
        found |= {"k"} if any(arm.k for arm in self.arms) else set()
        return found | ({"label"} if any(arm.label for arm in self.arms) else set())

    def meets(self, other: ExperimentSettings) -> bool:
        """Whether users of one layer may be in both."""
        return self.users[0] < other.users[1] and other.users[0] < self.users[1]


def check_together(experiments: Sequence[ExperimentSettings]) -> None:
    """Refuses experiments that get in each other's way; those that are stopped do not.

    Raises:
        ValueError: A name twice, users in two experiments of a layer, or one thing changed by two
            layers.
    """
    for name, times in Counter(one.name for one in experiments).items():
        if times > 1:
            raise ValueError(
                f"each experiment has a name of its own. Received: {name!r} {times} times. "
                "Rename all but one."
            )
    for a, b in combinations([one for one in experiments if not one.stopped], 2):
        if a.layer == b.layer and a.meets(b):
            raise ValueError(
                "experiments of one layer have no user in common. Received: "
                f"{a.name!r} with {list(a.users)} and {b.name!r} with {list(b.users)} in the layer "
                f"{a.layer!r}. Give them `users` apart from each other, or stop one."
            )
        if a.layer != b.layer and (both := a.changes() & b.changes()):
            raise ValueError(
                "a thing is changed by one layer alone, or an arm would get what another one is "
                f"to get. Received: {', '.join(sorted(both))} changed by {a.name!r} and "
                f"{b.name!r}, in different layers. Put both into one layer."
            )


def plan_of(experiments: Sequence[ExperimentSettings]) -> Plan:
    """What clients need to know."""
    return Plan(
        tuple(
            Experiment(
                one.name,
                one.layer,
                one.users,
                tuple(Arm(**arm.model_dump()) for arm in one.arms),
                one.interleaved,
                one.stopped,
            )
            for one in experiments
        )
    )
