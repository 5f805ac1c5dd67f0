"""Sizes that follow from each other, and sizes that cannot be."""

import pytest

from simulation.plan import DAY, START, make_plan


def test_users_and_items_follow_from_the_events():
    plan = make_plan(1_000_000)
    assert (plan.users, plan.items, plan.days, plan.drift_time) == (10_000, 2_000, 90, None)
    assert make_plan(10_000).items == 200
    assert make_plan(1_000).items == 100


def test_the_drift_comes_at_a_midnight_inside_the_log():
    assert make_plan(1000, days=10, drift=0.52).drift_time == START + 5 * DAY
    assert make_plan(1000, days=10, drift=0.001).drift_time == START + DAY
    assert make_plan(1000, days=10, drift=0.999).drift_time == START + 9 * DAY


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"events": 0}, r"`events` must be at least 1. Received: 0"),
        ({"users": 0}, r"`users` must be at least 1. Received: 0"),
        ({"items": 1}, r"`items` must be at least 2. Received: 1"),
        ({"days": 0}, r"`days` must be at least 1. Received: 0"),
        ({"seed": -1}, r"`seed` must be at least 0. Received: -1"),
        ({"users": 48}, r"at most 47 users. Received: 48 users"),
        ({"drift": 1.0}, r"`drift` must be a share .* Received: 1.0 of 90 days"),
        ({"drift": 0.0}, r"`drift` must be a share .* Received: 0.0 of 90 days"),
        ({"drift": 0.5, "days": 1}, r"2 days or more. Received: 0.5 of 1 days"),
        ({"heavy_user": 501}, r"half the events, here 500. Received: 501"),
        ({"heavy_user": -1}, r"from 0 to half the events, here 500. Received: -1"),
    ],
)
def test_an_impossible_shop_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        make_plan(**{"events": 1000} | sizes)
