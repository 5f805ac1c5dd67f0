"""Whether one arm does worse than the other, by counts that are looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import beta

from pipeline.canary.pages import Counts
from pipeline.deployment.settings import Canary


@dataclass(frozen=True)
class Evidence:
    """Why a version is withdrawn."""

    measure: str
    canary: float
    stable: float
    allowed: float

    def __str__(self) -> str:
        return (
            f"{self.canary:.1%} of its {self.measure}, against {self.stable:.1%} of stable's and "
            f"{self.allowed:.1%} that are allowed beyond that"
        )


def found_worse(canary: Counts, stable: Counts, rules: Canary, look: int) -> Evidence | None:
    """What speaks against the canary, or None.

    Both shares are bounded with the exact intervals of Clopper and Pearson 1934, the canary's from
    below and stable's from above, and must lie further apart than is allowed. Look number k spends
    alpha / (k (k + 1)), which is alpha in all, however long one watches.

    Args:
        canary: Counts of the version that is tried out.
        stable: Counts of the other since the same moment.
        rules: What is allowed.
        look: Number of this look, from 1.
    """
    # Two measures, and two bounds for each.
    level = rules.alpha / (look * (look + 1)) / 4
    for measure, allowed, (bad, all_), (other_bad, other_all) in (
        (
            "requests failed",
            rules.more_failures,
            (canary.failed, canary.requests),
            (stable.failed, stable.requests),
        ),
        (
            "answers were slow",
            rules.more_slow,
            (canary.slow, canary.answers),
            (stable.slow, stable.answers),
        ),
    ):
        if lowest(bad, all_, level) > highest(other_bad, other_all, level) + allowed:
            return Evidence(measure, bad / all_, other_bad / max(other_all, 1.0), allowed)
    return None


def lowest(bad: float, of: float, level: float) -> float:
    """The lowest share that `bad` cases out of `of` are compatible with."""
    return float(beta.ppf(level, bad, of - bad + 1)) if bad else 0.0


def highest(bad: float, of: float, level: float) -> float:
    """The highest share that `bad` cases out of `of` are compatible with."""
    return float(beta.isf(level, bad + 1, of - bad)) if bad < of else 1.0
