"""The experiments that run, as a small JSON file tells a client. The standard library is enough.

`sluice experiment publish` writes the file from the settings; see `ExperimentSettings` for the
meaning of layers, users and arms.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from serving.query import FeatureValue


class PlanError(Exception):
    """The file tells of no experiments; the message says the rule, the value and what to do."""


@dataclasses.dataclass(frozen=True)
class Arm:
    """What one part of an experiment's users gets.

    Attributes:
        name: Its name.
        share: Its part of the experiment's users, relative to the other arms.
        label: Label of the model's version that answers; "" for the default.
        k: Items of a list; None for what the application asks for.
        parameters: What the application reads and acts upon.
    """

    name: str
    share: float = 1.0
    label: str = ""
    k: int | None = None
    parameters: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        name: Its name; it salts who gets which arm.
        layer: Experiments of one layer have no user in common; the name salts who is in which.
        users: First and last place of its users among those of the layer, within 0 and 1.
        arms: At least two, the control first.
        interleaved: Every user gets one list, drafted from the lists of both arms.
        stopped: Nobody is in it any more.
    """

    name: str
    layer: str
    users: tuple[float, float]
    arms: tuple[Arm, ...]
    interleaved: bool = False
    stopped: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    """All experiments."""

    experiments: tuple[Experiment, ...] = ()


def to_json(plan: Plan) -> str:
    """The plan as the file holds it."""
    return json.dumps(dataclasses.asdict(plan), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str, where: str) -> Plan:
    """Reads a file's text.

    Raises:
        PlanError: It is not what `to_json` writes.
    """
    try:
        return Plan(tuple(_experiment(**fields) for fields in json.loads(text)["experiments"]))
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(
            "a file of experiments must be what `sluice experiment publish` writes. Received: "
            f"{where}, where {error!r} came up. Publish it again, with the same release"
        ) from error


def _experiment(users: Any, arms: Any, **fields: Any) -> Experiment:
    begin, end = map(float, users)
    return Experiment(users=(begin, end), arms=tuple(Arm(**arm) for arm in arms), **fields)
