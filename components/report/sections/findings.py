"""What DataGate found, as tables: drift and skew, the leakage certificate, single features."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from components.report.data_findings import (
    CATEGORY,
    DRIFT,
    SKEW,
    certificate,
    distances,
    single_features,
)
from components.report.facts import Facts
from components.report.figures import bar
from components.report.numbers import limit, number
from components.report.sections.checks import BAD, GOOD, SIGNS

_MEASURES = {True: "largest difference of a share", False: "Jensen-Shannon divergence"}


@dataclass(frozen=True)
class Finding:
    """One line of a table: a feature, what was measured, what is allowed."""

    tone: str
    name: str
    where: str
    measured: str
    bound: str
    bar: Markup

    @property
    def sign(self) -> str:
        """The result as a sign, for readers without colour."""
        return SIGNS[self.tone]


@dataclass(frozen=True)
class CertificateRow:
    """Rows of one split that were built again with another future."""

    tone: str
    split: str
    moment: str
    rows: str
    changed: str

    @property
    def sign(self) -> str:
        """The result as a sign, for readers without colour."""
        return SIGNS[self.tone]


def drift(facts: Facts) -> list[Finding]:
    """Each feature against the data of the blessed model, the farthest first."""
    return _distances(facts, DRIFT)


def skew(facts: Facts) -> list[Finding]:
    """Each feature of the test requests against the training requests, the farthest first."""
    return _distances(facts, SKEW)


def leakage(facts: Facts) -> list[CertificateRow]:
    """What the leakage certificate compared."""
    return [
        CertificateRow(
            tone=BAD if row.changed else GOOD,
            split=row.split,
            moment=row.moment,
            rows=f"{row.rows:,}",
            changed=", ".join(f"{name} ({rows:,})" for name, rows in row.changed.items()) or "none",
        )
        for row in certificate(facts)
    ]


def revealing(facts: Facts) -> list[Finding]:
    """What each feature alone tells of the label, the most first."""
    return [
        Finding(
            tone=GOOD if one.passed else BAD,
            name=one.feature,
            where="",
            measured=number(one.auc),
            bound="too few candidates to tell"
            if one.bounds is None
            else f"{limit(one.bounds[0])} to {limit(one.bounds[1])}",
            bar=bar(one.auc, 1.0, label=f"{one.feature}: AUC {number(one.auc)}", reference=0.5),
        )
        for one in single_features(facts)
    ]


def _distances(facts: Facts, against: str) -> list[Finding]:
    found = sorted(distances(facts, against), key=lambda d: -(d.value or 0.0))
    # A common track for all, so that bars compare; its end is the widest that was allowed or seen.
    end = max((max(d.value or 0.0, d.bound or 0.0) for d in found), default=1.0)
    return [
        Finding(
            tone=GOOD if one.passed else BAD,
            name=one.feature,
            where=f"{one.split}, {_MEASURES[one.kind == CATEGORY]}",
            measured=number(one.value),
            bound="anything" if one.bound is None else f"at most {one.bound:.3g}",
            bar=bar(
                one.value,
                end,
                label=f"{one.feature}: {number(one.value)}",
                reference=one.bound,
            ),
        )
        for one in found
    ]
