"""Whether one arm does worse than the other, by counts that are looked at again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scipy.stats import beta

from pipeline.canary.pages import Counts
from pipeline.deployment.settings import Canary

# Each test makes those after it weaker, so there is none until there is this much more to see.
_GROWTH = 1.25


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


class Judge:
    """Tests counts that grow, as often as there is more to see.

    Args:
        rules: What is allowed.
    """

    def __init__(self, rules: Canary) -> None:
        self._rules = rules
        self._tests = 0
        self._seen = 0.0

    def judge(self, canary: Counts, stable: Counts, *, last: bool) -> Evidence | None:
        """What speaks against the canary, or None.

        Args:
            canary: Counts of the version that is tried out.
            stable: Counts of the other since the same moment.
            last: These counts are the last: they are tested in any case.
        """
        both = canary.requests + stable.requests
        # As precise as a comparison is: the variance of a difference goes with 1/a + 1/b.
        seen = canary.requests * stable.requests / both if both else 0.0
        if not last and seen <= _GROWTH * self._seen:
            return None
        self._tests, self._seen = self._tests + 1, seen
        return found_worse(canary, stable, self._rules, self._tests)


def found_worse(canary: Counts, stable: Counts, rules: Canary, test: int) -> Evidence | None:
    """What proves the canary to be worse, or None.

    Both shares are bounded with the exact intervals of Clopper and Pearson 1934, the canary's from
    below and stable's from above, and must lie further apart than is allowed. Test number k spends
    alpha / (k (k + 1)), which is alpha in all, however long one watches.

    Args:
        canary: Counts of the version that is tried out.
        stable: Counts of the other since the same moment.
        rules: What is allowed.
        test: Number of this test, from 1.
    """
    # Two measures, and two bounds for each.
    level = rules.alpha / (test * (test + 1)) / 4
    for measure, allowed, (bad, all_), (other_bad, other_all) in _measures(canary, stable, rules):
        if lowest(bad, all_, level) > highest(other_bad, other_all, level) + allowed:
            return Evidence(measure, bad / all_, other_bad / max(other_all, 1.0), allowed)
    return None


def seems_worse(canary: Counts, stable: Counts, rules: Canary) -> Evidence | None:
    """What speaks against the canary by the bare shares, be it chance or not, or None."""
    for measure, allowed, (bad, all_), (other_bad, other_all) in _measures(canary, stable, rules):
        share, other = bad / max(all_, 1.0), other_bad / max(other_all, 1.0)
        if share > other + allowed:
            return Evidence(measure, share, other, allowed)
    return None


def _measures(
    canary: Counts, stable: Counts, rules: Canary
) -> Iterator[tuple[str, float, tuple[float, float], tuple[float, float]]]:
    """What is compared: its name, what is allowed, and cases out of all of both arms."""
    yield (
        "requests failed",
        rules.more_failures,
        (canary.failed, canary.requests),
        (stable.failed, stable.requests),
    )
    yield (
        "answers were slow",
        rules.more_slow,
        (canary.slow, canary.answers),
        (stable.slow, stable.answers),
    )


def lowest(bad: float, of: float, level: float) -> float:
    """The lowest share that `bad` cases out of `of` are compatible with."""
    return float(beta.ppf(level, bad, of - bad + 1)) if bad else 0.0


def highest(bad: float, of: float, level: float) -> float:
    """The highest share that `bad` cases out of `of` are compatible with."""
    return float(beta.isf(level, bad + 1, of - bad)) if bad < of else 1.0
