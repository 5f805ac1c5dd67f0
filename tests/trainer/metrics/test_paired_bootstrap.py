import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.metrics.paired_bootstrap import GROUPS, paired_gain, user_group


def _mean(sums):
    return sums[:, 0] / sums[:, 1]


def _sums(gains, size=1.0):
    gains = np.asarray(gains, np.float64)
    return np.stack([gains * size, np.full_like(gains, size)], axis=1)


def test_the_error_is_that_of_a_mean():
    gains = np.random.default_rng(1).normal(0.3, 2.0, 1000)
    found = paired_gain(_sums(gains), _mean)
    error = gains.std() / math.sqrt(len(gains))
    assert found.value == pytest.approx(gains.mean())
    assert found.error == pytest.approx(error, rel=0.1)
    assert found.lower == pytest.approx(gains.mean() - 1.96 * error, abs=0.02)
    assert found.upper == pytest.approx(gains.mean() + 1.96 * error, abs=0.02)


def test_the_interval_holds_the_truth_in_about_95_of_100_samples():
    generator = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        found = paired_gain(
            _sums(generator.choice([-1.0, 0.0, 1.0], 300, p=[0.2, 0.5, 0.3])), _mean
        )
        held += found.lower <= 0.1 <= found.upper
    assert 0.91 <= held / 200 <= 0.98


@pytest.mark.parametrize("groups", [2, 3, 5, 10, 20])
def test_intervals_of_few_users_hold_the_truth_as_often(groups):
    generator = np.random.default_rng(groups)
    held, passed = 0, 0
    for _ in range(400):
        found = paired_gain(_sums(generator.normal(0.1, 1.0, groups)), _mean)
        held += found.lower <= 0.1 <= found.upper
        passed += abs(found.value - 0.1) <= 1.96 * found.error
    assert held / 400 >= 0.90
    assert passed / 400 >= 0.93


def test_queries_of_one_user_are_not_independent():
    # The same 400 queries: each of its own user, or in 40 users who always react alike.
    reactions = np.random.default_rng(3).choice([-1.0, 1.0], 40)
    apart = paired_gain(_sums(np.repeat(reactions, 10)), _mean)
    together = paired_gain(_sums(reactions, size=10.0), _mean)
    assert together.value == pytest.approx(apart.value)
    assert together.error / apart.error == pytest.approx(math.sqrt(10), rel=0.2)


def test_the_same_sums_give_the_same_interval():
    sums = _sums(np.random.default_rng(4).normal(size=50))
    assert paired_gain(sums, _mean) == paired_gain(sums.copy(), _mean)


def test_equal_models_are_not_certain_to_be_equal():
    found = paired_gain(_sums(np.zeros(100)), _mean, step=0.01)
    assert (found.value, found.lower, found.upper) == (0.0, 0.0, 0.0)
    assert found.error == pytest.approx(math.sqrt(2) * 0.01)


@pytest.mark.parametrize("sums", [np.zeros((0, 2)), np.array([[math.nan, 1.0], [1.0, 1.0]])])
def test_nothing_or_no_number_gives_nan(sums):
    assert all(math.isnan(part) for part in paired_gain(sums, _mean))


@given(st.binary())
def test_a_user_has_one_group(user_id):
    assert 0 <= user_group(user_id) < GROUPS
    assert user_group(user_id) == user_group(bytes(user_id))


def test_users_spread_over_the_groups():
    groups = np.bincount([user_group(b"u%d" % i) for i in range(100 * GROUPS)], minlength=GROUPS)
    assert groups.min() > 50
    assert groups.max() < 150


def test_one_group_says_nothing_of_noise():
    found = paired_gain(np.array([[-3.0, 10.0]]), lambda sums: sums[:, 0] / sums[:, 1])
    assert found.value == pytest.approx(-0.3)
    assert all(math.isnan(part) for part in found[1:])
