"""An arm against the control: the better one is found, an equal one is not; CUPED helps."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binom, norm

from components.experiments.comparison import FEWEST_USERS, Finding, compare
from components.experiments.variance import adjusted, saved
from tests.components.experiments.simulated import design, end, simulated

PLAN = design(planned_users=100_000)
DAYS = 10


def verdicts(users, lift, seeds):
    """Over some seeds: findings at the end, and on any day."""
    last, ever = [], []
    for seed in range(seeds):
        one = compare(simulated(np.random.default_rng(seed), users, DAYS, lift), 1, PLAN, end(DAYS))
        last.append(one.look.finding)
        ever.append({day.finding for day in one.days.values()})
    return last, ever


def test_an_arm_that_is_better_by_two_per_cent_is_chosen():
    last, _ = verdicts(150_000, 0.02, 10)
    assert last.count(Finding.BETTER) >= 9
    assert Finding.WORSE not in last


def test_an_equal_arm_is_hardly_ever_called_better_on_any_day():
    _, ever = verdicts(4_000, 0.0, 200)
    better = sum(Finding.BETTER in found for found in ever)
    other = sum(Finding.WORSE in found for found in ever)
    assert better <= 200 / 20
    assert binom.sf(better + other - 1, 200, PLAN.alpha) > 0.001


def test_a_worse_arm_is_called_worse():
    one = compare(simulated(np.random.default_rng(1), 20_000, DAYS, -0.2), 1, PLAN, end(DAYS))
    assert one.look.finding is Finding.WORSE
    assert one.look.upper < 0
    assert one.mean < one.control


def test_intervals_hold_the_truth_on_every_day():
    wrong = 0
    for seed in range(100):
        users = simulated(np.random.default_rng(seed), 5_000, DAYS, 0.1)
        days = compare(users, 1, PLAN, end(DAYS)).days.values()
        wrong += not all(day.lower <= 0.2 <= day.upper for day in days)  # 10 % of 2
    assert binom.sf(wrong - 1, 100, PLAN.alpha) > 0.001


def test_what_users_did_before_makes_the_interval_narrower_and_moves_it_nowhere():
    users = simulated(np.random.default_rng(3), 50_000, DAYS, 0.05)
    blind = dataclasses.replace(users, before=np.zeros(len(users)))
    with_it, without = (compare(one, 1, PLAN, end(DAYS)) for one in (users, blind))
    widths = [one.look.upper - one.look.lower for one in (with_it, without)]
    assert 0.3 < with_it.saved < 0.7
    assert without.saved == 0.0
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(1 - with_it.saved), rel=0.02)
    assert without.look.difference == pytest.approx(without.mean - without.control)
    assert abs(with_it.look.difference - 0.1) < abs(widths[0])


def test_the_correction_is_a_regression_on_the_days_before():
    before = np.array([0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0])
    arm = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    outcome = 5 + 2 * before + 3 * arm
    corrected = adjusted(outcome, before, arm)
    assert np.allclose(corrected, np.where(arm == 1, 11.0, 8.0))  # theta 2, at the mean of 1.5
    assert saved(outcome, corrected, arm) == pytest.approx(1.0)


def test_an_effect_is_not_taken_for_a_past():
    """Fitted over both arms together, a past that differs by chance would eat the effect."""
    rng = np.random.default_rng(0)
    arm = np.repeat([0, 1], 500)
    outcome = rng.normal(size=1_000) + 10 * arm
    corrected = adjusted(outcome, rng.normal(size=1_000) + arm * 0.2, arm)
    assert corrected[arm == 1].mean() - corrected[arm == 0].mean() == pytest.approx(10, abs=0.2)


def test_a_day_tells_of_the_users_whose_time_was_over():
    users = simulated(np.random.default_rng(5), 5_000, DAYS)
    days = compare(users, 1, PLAN, end(DAYS)).days
    begin = int(users.first[0])
    for day, look in days.items():
        assert look.users == int((users.first + 86_400 <= begin + day * 86_400).sum())
    assert list(days) == sorted(days)
    half = compare(users, 1, PLAN, begin + 5 * 86_400)
    assert half.days == {day: look for day, look in days.items() if day <= 5}
    assert half.look == days[5]


def test_few_users_tell_nothing():
    users = simulated(np.random.default_rng(5), 2 * FEWEST_USERS - 2, 1)
    one = compare(users, 1, PLAN, end(1))
    assert one.look is None
    assert one.days == {}
    nobody = users.chosen(np.zeros(len(users), bool))
    assert compare(nobody, 1, PLAN, end(1)).look is None


def test_more_arms_share_the_level():
    users = simulated(np.random.default_rng(5), 5_000, 1)
    three = design(arms=(("old", 1.0), ("new", 1.0), ("newer", 1.0)))
    narrow, wide = (compare(users, 1, one, end(1)).look for one in (design(), three))
    assert wide.upper - wide.lower > narrow.upper - narrow.lower
    assert norm.isf(0.05 / 4) / norm.isf(0.05 / 2) == pytest.approx(
        (wide.upper - wide.lower) / (narrow.upper - narrow.lower), abs=0.1
    )
