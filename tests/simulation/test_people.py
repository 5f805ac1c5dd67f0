"""The shop's users."""

import numpy as np
import pytest

from simulation.people import make_people, users_table, users_truth
from simulation.plan import START, make_plan
from simulation.world import make_world

PLAN = make_plan(200_000, items=200, days=30, seed=3, drift=0.5)
WORLD = make_world(PLAN)
PEOPLE = make_people(PLAN, WORLD)


def test_users_are_numbered_as_they_came():
    assert PEOPLE.number == 2000
    assert PEOPLE.joined[0] == START
    assert (np.diff(PEOPLE.joined) >= 0).all()
    assert PEOPLE.joined[-1] < PLAN.end


def test_most_users_come_early_but_some_come_late():
    place = (PEOPLE.joined - START) / (PLAN.end - START)
    assert (place < 1 / 3).mean() == pytest.approx(0.6 * (1 - (2 / 3) ** 8) + 0.4 / 3, abs=0.04)
    assert (place > 0.9).mean() == pytest.approx(0.04, abs=0.02)


def test_a_tenth_never_come_again():
    assert (PEOPLE.activity == 0).mean() == pytest.approx(0.1, abs=0.03)


def test_the_drift_changes_the_tastes_of_half_the_users():
    same = (PEOPLE.favourite[0] == PEOPLE.favourite[1]) & (PEOPLE.second[0] == PEOPLE.second[1])
    assert same.mean() == pytest.approx(0.5, abs=0.05)


def test_factors_lie_along_the_favourite_category():
    match = PEOPLE.factors(WORLD, 0) @ WORLD.centroids.T
    mine = match[np.arange(2000), PEOPLE.favourite[0]]
    assert mine.mean() > match.mean() + 1
    some = PEOPLE.factors(WORLD, 1, np.array([5, 7]))
    assert (some == PEOPLE.factors(WORLD, 1)[[5, 7]]).all()


def test_the_tables_hold_every_user():
    users, truth = users_table(PEOPLE, WORLD, seed=3), users_truth(PEOPLE, WORLD)
    assert users["user_id"].n_unique() == 2000
    assert truth["user_id"].equals(users["user_id"])
    assert users.null_count().sum_horizontal().item() == 0
    assert truth["favourite"].n_unique() == WORLD.categories
    assert (truth["factors"].to_numpy() == PEOPLE.factors(WORLD, 0)).all()
