"""Candidates with and without a planted regression, held against the blessed model, seed by seed.

Two models answer the same requests: the same settings, trained with another seed. Neither is better
than the other *by construction*: for each user a coin decides whose answers are the candidate's and
whose the blessed model's. What differs between them is then noise, as large and as alike within a
user as it is between real models, and whoever is withheld without a planted regression is a false
alarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.power.answers import K
from benchmarks.power.marks import Marks, chosen
from benchmarks.power.planting import REGRESSIONS, Regression, ndcg
from benchmarks.power.traffic import Traffic
from benchmarks.power.verdicts import failed_checks
from benchmarks.results import Row, at_least, at_most
from components.verdict.evaluation import Slice
from components.verdict.slices import slice_name

_FIRST_EQUAL = 1000


class Seeds(NamedTuple):
    """How many candidates are drawn: with each regression, and without one."""

    regressed: int
    equal: int


class Side(NamedTuple):
    """One trained model.

    Attributes:
        whole: Its marks for all requests [N].
        lost: Its marks for the requests of the regressed slice, without their histories [n].
    """

    whole: Marks
    lost: Marks


def candidate_and_blessed(
    traffic: Traffic, sides: tuple[Side, Side], of: Slice, seed: int, regression: Regression | None
) -> tuple[Marks, Marks]:
    """Draws a candidate and the blessed model.

    Args:
        traffic: The requests.
        sides: The two trained models; one model twice differs in the regression alone.
        of: The slice that the regression is planted in.
        seed: Of the coins, and of the requests that regress.
        regression: None for a candidate that is no worse.
    """
    generator = np.random.default_rng(seed)
    coins = generator.random(int(traffic.users.max()) + 1) < 0.5
    first = coins[traffic.users]
    one, other = sides
    candidate = chosen(first, one.whole, other.whole)
    blessed = chosen(~first, one.whole, other.whole)
    if regression is not None:
        rows = traffic.slices[of]
        lost = chosen(first[rows], one.lost, other.lost)
        worse = regression(candidate.of(rows), lost, generator)
        for mark, replaced in zip(candidate, worse, strict=True):
            mark[rows] = replaced
    return candidate, blessed


def power_of_the_verdict(
    traffic: Traffic, sides: tuple[Side, Side], of: Slice, seeds: Seeds
) -> Iterator[Row]:
    """The figures, for models that differ in the regression alone, and for models trained anew."""
    requests = float(len(traffic.users))
    share = float(traffic.slices[of].mean())
    yield Row("held-out requests of the simulated shop", requests, "")
    yield Row("slice that regresses", share, "of the requests")
    yield Row("slices that are told apart", float(len(traffic.slices) - 1), "")
    same = (sides[0], sides[0])
    for pair, title in ((same, "the same model elsewhere"), (sides, "a model trained anew")):
        alike = correlation(*(side.whole for side in pair))
        titled = f"{title} (NDCG@{K} correlates by {alike:.2f})"
        yield from _caught(traffic, pair, of, titled, seeds.regressed)
    yield _false_alarms(traffic, sides, of, "a model trained anew", seeds.equal)


def _caught(
    traffic: Traffic, sides: tuple[Side, Side], of: Slice, title: str, seeds: int
) -> Iterator[Row]:
    """How often each regression is caught: a check that fails names the slice."""
    for name, regression in REGRESSIONS.items():
        caught = 0
        for seed in range(seeds):
            drawn = candidate_and_blessed(traffic, sides, of, seed, regression)
            caught += any(
                check.name.startswith(slice_name(of)) for check in failed_checks(traffic, *drawn)
            )
        yield at_least(f"caught: {name}, {title}", float(caught), f"of {seeds} seeds", 0.9 * seeds)


def _false_alarms(
    traffic: Traffic, sides: tuple[Side, Side], of: Slice, title: str, seeds: int
) -> Row:
    alarms = 0
    for seed in range(seeds):
        drawn = candidate_and_blessed(traffic, sides, of, _FIRST_EQUAL + seed, None)
        alarms += bool(failed_checks(traffic, *drawn))
    return at_most(f"false alarms, {title}", float(alarms), f"of {seeds} seeds", 0.05 * seeds)


def correlation(one: Marks, other: Marks) -> float:
    """Correlation of the NDCG@10 of two models over requests."""
    return float(np.corrcoef(ndcg(one.ranks), ndcg(other.ranks))[0, 1])
