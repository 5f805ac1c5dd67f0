"""Checks against the blessed model: what is worse beyond noise, overall and in each slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.checks import Bound, Check
from components.verdict.evaluation import OVERALL, Evaluation, Slice
from components.verdict.multiple_tests import chance_of_step_back, holm
from components.verdict.rules import SliceRules
from components.verdict.slices import request_slices, slice_name
from trainer.metrics.paired_bootstrap import Gain

_GAIN, _SLICE = "_gain", "slice_"


class _Test(NamedTuple):
    """One gain in one slice."""

    bound: Bound
    of: Slice
    gain: Gain
    chance: float


def overall_gains(evaluation: Evaluation, bounds: Sequence[Bound]) -> Iterator[Check]:
    """A step back fails if its interval lies wholly below the bound; none without a blessed model.

    A metric of which the blessed model has nothing is left out: there is no step back from it.
    """
    for bound in bounds if evaluation.blessed else ():
        metric = bound.name.removesuffix(_GAIN)
        if evaluation.blessed.get(metric, {}).get(OVERALL) == 0.0:
            continue
        gain = evaluation.gain(metric)
        interval = None if gain is None else (gain.lower, gain.upper)
        yield bound.check(gain and gain.value, interval=interval)


def slice_gains(ranker: Evaluation, lists: Evaluation, rules: SliceRules) -> Iterator[Check]:
    """The same for each slice of requests that is large enough, with Holm's method over all.

    With many slices some are low by chance: the more there are, the less likely by chance a step
    back must be to count.
    """
    tests = [*_tests(ranker, rules.ranker_gains, rules), *_tests(lists, rules.list_gains, rules)]
    level = rules.false_alarms.upper or 0.0
    for test, chance in zip(tests, holm([test.chance for test in tests]), strict=True):
        yield Check(
            name=f"{slice_name(test.of)} {test.bound.name}",
            value=test.gain.value,
            lower=test.bound.lower,
            passed=chance > level,
            why=test.bound.why,
            interval=(test.gain.lower, test.gain.upper),
            note=f"chance of so low a value by noise {chance:.2g}, allowing for {len(tests)} tests",
        )


def _tests(evaluation: Evaluation, bounds: Sequence[Bound], rules: SliceRules) -> Iterator[_Test]:
    for bound in bounds:
        metric = bound.name.removeprefix(_SLICE).removesuffix(_GAIN)
        for of in request_slices(evaluation, rules.rows):
            gain = evaluation.gain(metric, of)
            if gain is not None and bound.lower is not None:
                chance = chance_of_step_back(gain.value, bound.lower, gain.error)
                yield _Test(bound, of, gain, chance)
