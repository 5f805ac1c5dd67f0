"""What DataGate found, out of its checks: distances, the leakage certificate, single features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from components.checks import Check
from components.report.facts import Facts

DRIFT, SKEW = "drift", "skew"
CATEGORY, NUMBER = "category", "number"

_CERTIFIED, _LEAKED, _AUC = "certified_rows", "leaked_rows", "single_feature_auc"


@dataclass(frozen=True)
class Distance:
    """How far a feature lies from another sample of it.

    Attributes:
        against: `drift`: from the data of the blessed model; `skew`: from the training requests.
        kind: `category` (largest difference of a value's share) or `number` (Jensen-Shannon).
        split: The rows in which it was measured.
        feature: The feature.
        value: The distance, from 0 to 1.
        bound: What is allowed, chance included; None if anything is.
        passed: Whether it is.
    """

    against: str
    kind: str
    split: str
    feature: str
    value: float | None
    bound: float | None
    passed: bool


@dataclass(frozen=True)
class Certified:
    """Rows of a split that were built again in worlds with another future.

    Attributes:
        split: The split.
        moment: From where on the future was another.
        rows: Rows compared.
        changed: Feature -> rows in which it knew the future.
    """

    split: str
    moment: str
    rows: int
    changed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SingleFeature:
    """What a feature alone tells of the label.

    Attributes:
        feature: The feature.
        auc: Its AUC.
        bounds: What it must lie between; None where there were too few candidates to tell.
        passed: Whether it does.
    """

    feature: str
    auc: float | None
    bounds: tuple[float, float] | None
    passed: bool


def distances(facts: Facts, against: str) -> list[Distance]:
    """Distances of all features, in the order of the checks.

    Args:
        facts: The facts of a run.
        against: `drift` or `skew`.
    """
    found = []
    for kind in (CATEGORY, NUMBER):
        for subject, check in _checks(facts, f"{kind}_{against}"):
            split, _, feature = subject.partition(".")
            found.append(
                Distance(against, kind, split, feature, check.value, check.upper, check.passed)
            )
    return found


def certificate(facts: Facts) -> list[Certified]:
    """What the leakage certificate compared, in the order of the checks."""
    changed: dict[tuple[str, str], dict[str, int]] = {}
    for subject, check in _checks(facts, _LEAKED):
        where, moment = _moment(subject)
        split, _, feature = where.partition(".")
        if feature:
            changed.setdefault((split, moment), {})[feature] = int(check.value or 0)
    found = []
    for subject, check in _checks(facts, _CERTIFIED):
        split, moment = _moment(subject)
        found.append(
            Certified(split, moment, int(check.value or 0), changed.get((split, moment), {}))
        )
    return found


def single_features(facts: Facts) -> list[SingleFeature]:
    """The screen for columns that reveal the label: what tells most comes first."""
    found = []
    for subject, check in _checks(facts, _AUC):
        ends = (check.lower, check.upper)
        bounds = None if None in ends else (check.lower or 0.0, check.upper or 1.0)
        found.append(SingleFeature(subject, check.value, bounds, check.passed))
    return sorted(found, key=lambda one: -abs((one.auc or 0.5) - 0.5))


def _checks(facts: Facts, metric: str) -> Iterator[tuple[str, Check]]:
    """Subject and check of each check of a metric."""
    for check in facts.gate("data").checks:
        subject, _, name = check.name.rpartition(" ")
        if name == metric:
            yield subject, check


def _moment(subject: str) -> tuple[str, str]:
    """`train.age after training:` -> (`train.age`, `after training`)."""
    where, _, moment = subject.partition(" ")
    return where, moment.removesuffix(":")
