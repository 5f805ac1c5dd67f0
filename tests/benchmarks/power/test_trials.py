"""A planted regression is caught and named; equal models are let through."""

import numpy as np
import pytest

from benchmarks.power.planting import REGRESSIONS
from benchmarks.power.trials import candidate_and_blessed, correlation
from benchmarks.power.verdicts import failed_checks
from tests.benchmarks.power.shops import PART, sides_of, traffic_of


@pytest.fixture(scope="module")
def traffic():
    return traffic_of(40_000, np.random.default_rng(3))


@pytest.fixture(scope="module")
def sides(traffic):
    return sides_of(traffic, np.random.default_rng(4), changed=0.01)


def test_nearly_equal_models_are_let_through(traffic, sides):
    assert failed_checks(traffic, *candidate_and_blessed(traffic, sides, PART, 5, None)) == []
    assert correlation(sides[0].whole, sides[1].whole) == pytest.approx(0.99, abs=0.01)


def test_a_regression_is_caught_where_it_is(traffic, sides):
    sink = REGRESSIONS["targets sink by a place"]
    drawn = candidate_and_blessed(traffic, sides, PART, 5, sink)
    failed = {check.name for check in failed_checks(traffic, *drawn)}
    assert "country=IN: slice_ndcg_at_10_gain" in failed
    assert not any("country=AT" in name for name in failed)


def test_a_user_is_answered_by_one_model(traffic, sides):
    candidate, blessed = candidate_and_blessed(traffic, sides, PART, 5, None)
    of_first = candidate.losses == sides[0].whole.losses
    differs = sides[0].whole.losses != sides[1].whole.losses
    assert (
        blessed.losses == np.where(of_first, sides[1].whole.losses, sides[0].whole.losses)
    ).all()
    users = traffic.users[differs]
    by_user = np.bincount(users, of_first[differs]) / np.maximum(np.bincount(users), 1)
    assert set(by_user.tolist()) <= {0.0, 1.0}
    assert 0.4 < of_first[differs].mean() < 0.6
