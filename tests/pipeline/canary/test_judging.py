"""Worse is found soon, and as good is hardly ever taken for worse however often one looks."""

import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.canary.judging import Judge, found_worse, highest, lowest
from pipeline.canary.pages import Counts
from pipeline.deployment.settings import Canary

RULES = Canary(more_failures=0.0, more_slow=0.0, alpha=0.05)


def arm(requests=1_000, failed=0, slow=0):
    return Counts(requests, failed, requests - failed, slow)


@pytest.mark.parametrize(
    ("canary", "stable", "measure"),
    [
        (arm(20, failed=20), arm(20), "requests failed"),
        (arm(20, slow=20), arm(20), "answers were slow"),
        (arm(failed=60), arm(failed=10), "requests failed"),
        (arm(slow=300), arm(slow=100), "answers were slow"),
        (arm(), arm(), None),
        (arm(failed=12), arm(failed=10), None),  # chance
        (arm(failed=10), arm(failed=60), None),  # better
        (arm(3, failed=3), arm(3), None),  # too little to say
        (arm(20, failed=20), arm(20, failed=20), None),  # both: not its fault
        (arm(20, failed=20), arm(0), None),  # nothing to compare with
        (arm(0), arm(), None),
    ],
)
def test_what_is_found(canary, stable, measure):
    found = found_worse(canary, stable, Canary(more_failures=0.0, more_slow=0.0), 1)
    assert (found and found.measure) == measure


def test_what_is_allowed_is_allowed():
    assert found_worse(arm(failed=60), arm(), Canary(more_failures=0.1), 1) is None
    said = str(found_worse(arm(failed=600), arm(failed=10), Canary(more_failures=0.1), 1))
    assert said == (
        "60.0% of its requests failed, against 1.0% of stable's and 10.0% that are allowed "
        "beyond that"
    )


def test_a_hundred_looks_withdraw_hardly_any_version_that_is_as_good():
    rng = np.random.default_rng(3)
    withdrawn = 0
    for _ in range(40):
        failed = rng.binomial(20, 0.05, (2, 100)).cumsum(1)
        withdrawn += any(
            found_worse(arm(20 * k, int(a)), arm(20 * k, int(b)), RULES, k) is not None
            for k, a, b in zip(range(1, 101), *failed, strict=True)
        )
    assert withdrawn <= 40 * RULES.alpha


def test_a_thousand_looks_at_a_rare_failure_cost_no_more_than_the_counts_have_grown():
    """With a test at each look it would not be found."""
    rules = Canary(more_failures=0.0)
    judge = Judge(rules)
    for k in range(1, 1_000):
        judge.judge(arm(500 + k), arm(500 + k), last=False)
    counts = arm(1_500, failed=30), arm(1_500)
    assert found_worse(*counts, rules, 1_000) is None
    assert judge.judge(*counts, last=False) is None  # has not grown
    assert judge.judge(*counts, last=True) is not None


def test_the_bounds_are_those_of_clopper_and_pearson():
    for bad, of in ((0, 5), (3, 10), (10, 10)):
        interval = binomtest(bad, of).proportion_ci(0.9, method="exact")
        assert lowest(bad, of, 0.05) == pytest.approx(interval.low)
        assert highest(bad, of, 0.05) == pytest.approx(interval.high)
