"""Confidence sequences: looking every day costs nothing, and what a t-interval would cost."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm

from components.experiments.sequences import chance, mixing, radius

EXPERIMENTS, DAYS, A_DAY = 1_000, 40, 250


@pytest.fixture(scope="module")
def means():
    """Means and standard errors at the end of each day of experiments without an effect.

    Outcomes are skewed: 9 of 10 are 0, the others follow an exponential distribution.
    """
    rng = np.random.default_rng(7)
    shape = (EXPERIMENTS, DAYS * A_DAY)
    values = rng.exponential(1.0, shape) * (rng.random(shape) < 0.1) - 0.1
    count = A_DAY * np.arange(1, DAYS + 1)
    mean = values.cumsum(1)[:, count - 1] / count
    square = np.square(values).cumsum(1)[:, count - 1] / count
    return count, mean, np.sqrt((square - mean**2) / (count - 1))


def missed(means, widths):
    """Experiments whose interval left the truth out on some day."""
    _, mean, _ = means
    return int((np.abs(mean) > widths).any(1).sum())


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_looking_every_day_keeps_the_level(means, alpha):
    count, _, error = means
    rho2 = mixing(alpha, 5_000)
    factors = [radius(1.0, int(n), alpha, rho2) for n in count]
    wrong = missed(means, error * factors)
    assert binom.sf(wrong - 1, EXPERIMENTS, alpha) > 0.001, wrong  # no more than chance allows
    assert wrong < alpha * EXPERIMENTS


def test_a_fixed_interval_that_is_looked_at_every_day_does_not(means):
    _, _, error = means
    wrong = missed(means, error * norm.ppf(0.975))
    assert wrong > 0.2 * EXPERIMENTS


def test_one_look_at_a_fixed_interval_does(means):
    """The control of the control: the data are not to blame."""
    count, mean, error = means
    last = (count[-1:], mean[:, -1:], error[:, -1:])
    assert missed(last, last[2] * norm.ppf(0.975)) < 0.08 * EXPERIMENTS


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.4])
def test_it_is_narrowest_where_it_was_planned_to_be(alpha):
    def width(log_rho2):
        return radius(1.0, 3_000, alpha, math.exp(log_rho2))

    best = minimize_scalar(width, bounds=(-20, 5), method="bounded")
    assert mixing(alpha, 3_000) == pytest.approx(math.exp(best.x), rel=1e-3)


@pytest.mark.parametrize("count", [10, 3_000, 10**6])
@pytest.mark.parametrize("alpha", [0.001, 0.05])
def test_the_p_value_is_the_level_at_which_the_interval_reaches_zero(count, alpha):
    rho2 = mixing(0.05, 3_000)
    edge = radius(0.7, count, alpha, rho2)
    assert chance(edge, 0.7, count, rho2) == pytest.approx(alpha)
    assert chance(-2 * edge, 0.7, count, rho2) < alpha


def test_values_by_hand():
    # n rho2 = 3: sqrt(4/3 log(4 / 0.05**2)) = sqrt(4/3 * 7.3778) = 3.1364
    assert radius(2.0, 300, 0.05, 0.01) == pytest.approx(2 * 3.1364, abs=1e-3)
    assert chance(0.0, 1.0, 300, 0.01) == 1.0
    assert chance(0.0, 0.0, 300, 0.01) == 1.0
    assert chance(0.1, 0.0, 300, 0.01) == 0.0
    assert chance(1e6, 1.0, 300, 0.01) == 0.0
