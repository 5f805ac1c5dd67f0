"""Who is in which arm: computed from the user's id alone, so nothing is stored or asked for.

Two numbers are drawn for a user by hashing: a place in each layer, which says in which experiment
the user is, and a place in each experiment, which says in which arm. An experiment that takes more
of its layer so takes more users into all of its arms and moves none; users of one layer are spread
over the experiments of another as if by lot (Tang et al. 2010, Overlapping Experiment
Infrastructure).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping

from serving.experiments.plan import Arm, Experiment, Plan
from serving.query import FeatureValue

_BITS = 53  # as many as a float between 0 and 1 tells apart evenly
ASSIGNED, APART = "=", ";"  # as in `layout=wide;ranker=control`


@dataclasses.dataclass(frozen=True)
class Assignment:
    """What the experiments make of a request.

    Attributes:
        arms: Experiment -> arm, of those whose arm answers the request by itself.
        label: Label of the version that answers; "" for the default.
        k: Items of the list; None for what the application asks for.
        parameters: What the application acts upon.
        interleaved: An experiment in which the list is drafted from both arms.
    """

    arms: Mapping[str, str] = dataclasses.field(default_factory=dict)
    label: str = ""
    k: int | None = None
    parameters: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)
    interleaved: Experiment | None = None

    @property
    def text(self) -> str:
        """The arms as the log carries them; "" outside of experiments."""
        return APART.join(told(name, arm) for name, arm in sorted(self.arms.items()))


def told(experiment: str, arm: str) -> str:
    """An arm as the log carries it."""
    return f"{experiment}{ASSIGNED}{arm}"


def place(salt: str, user_id: str) -> float:
    """A user's place under a salt: uniform in [0, 1), independent between salts.

    Args:
        salt: At most 64 bytes of UTF-8.
        user_id: Any text.
    """
    key, text = salt.encode(), user_id.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=8, key=key).digest()
    return float((int.from_bytes(digest, "big") >> (64 - _BITS)) / 2**_BITS)


def assign(plan: Plan, user_id: str) -> Assignment:
    """The arms of a user, one in each layer at most."""
    arms: dict[str, str] = {}
    parameters: dict[str, FeatureValue] = {}
    label, k, interleaved = "", None, None
    for experiment in plan.experiments:
        if not is_in(experiment, user_id):
            continue
        if experiment.interleaved:
            interleaved = experiment
            continue
        arm = arm_of(experiment, user_id)
        arms[experiment.name] = arm.name
        label, k = arm.label or label, arm.k or k
        parameters |= arm.parameters
    return Assignment(arms, label, k, parameters, interleaved)


def is_in(experiment: Experiment, user_id: str) -> bool:
    """Whether a user takes part."""
    if experiment.stopped:
        return False
    begin, end = experiment.users
    return begin <= place(f"layer {experiment.layer}", user_id) < end


def arm_of(experiment: Experiment, user_id: str) -> Arm:
    """The arm of a user who takes part."""
    at = place(f"arm {experiment.name}", user_id) * sum(arm.share for arm in experiment.arms)
    for arm in experiment.arms:
        at -= arm.share
        if at < 0:
            return arm
    return experiment.arms[-1]  # the sum of the shares was rounded
