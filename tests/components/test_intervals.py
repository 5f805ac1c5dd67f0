"""Intervals of means, against the binomial distribution itself and against bounded values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.intervals import mean_interval


def test_the_textbook_example():
    # 10 of 100: Wilson's interval with z = 1.96 is 5.52 % to 17.44 %.
    assert mean_interval(0.1, 100) == pytest.approx((0.05522, 0.17437), abs=2e-5)


@pytest.mark.parametrize(("mean", "end"), [(0.0, 0), (1.0, 1)])
def test_a_mean_at_the_edge_still_has_an_interval(mean, end):
    lower, upper = mean_interval(mean, 20)
    assert (lower, upper)[end] == pytest.approx(mean)
    assert upper - lower == pytest.approx(0.161, abs=1e-3)  # z^2 / (n + z^2)


@given(st.floats(0, 1), st.integers(1, 10**7))
def test_it_holds_the_mean_and_stays_within_bounds(mean, count):
    lower, upper = mean_interval(mean, count)
    assert 0.0 <= lower <= mean + 1e-12
    assert mean - 1e-12 <= upper <= 1.0


@given(st.floats(0.01, 0.99), st.integers(2, 10**6))
def test_more_requests_narrow_it(mean, count):
    few, many = mean_interval(mean, count), mean_interval(mean, 4 * count)
    assert many[1] - many[0] < few[1] - few[0]


@pytest.mark.parametrize("graded", [False, True], ids=["hits", "reciprocal ranks"])
def test_it_covers_the_truth_at_least_as_often_as_it_says(graded):
    random = np.random.default_rng(5)
    gains = 1 / np.arange(1, 11) if graded else np.ones(10)
    values = np.append(gains, np.zeros(40))  # the place of the target, uniform over 50
    samples = random.choice(values, (4000, 200)).mean(axis=1)
    covered = [
        low <= values.mean() <= high for low, high in (mean_interval(m, 200) for m in samples)
    ]
    assert np.mean(covered) >= 0.94
