"""The goods of the simulated shop and their truth."""

import numpy as np
import pytest

from simulation.plan import START, make_plan
from simulation.world import NEVER, make_world

PLAN = make_plan(10_000, items=200, days=30, seed=3, drift=0.5)
WORLD = make_world(PLAN)


def test_the_same_seed_gives_the_same_world():
    same, other = make_world(PLAN), make_world(make_plan(10_000, items=200, days=30, seed=4))
    assert (WORLD.factors == same.factors).all()
    assert (WORLD.factors != other.factors).all()


def test_successors_run_once_through_each_category():
    for category in range(WORLD.categories):
        members = np.flatnonzero(WORLD.category == category)
        item, met = members[0], []
        for _ in members:
            met.append(item)
            item = WORLD.successor[item]
        assert item == members[0]
        assert sorted(met) == members.tolist()


def test_every_category_has_an_item_that_is_always_on_sale():
    always = (WORLD.available_from < START) & (WORLD.available_to == NEVER)
    assert set(WORLD.category[always]) == set(range(WORLD.categories))


def test_some_items_are_new_and_some_are_retired_within_the_log():
    new = WORLD.available_from[WORLD.available_from >= START]
    retired = WORLD.available_to[WORLD.available_to != NEVER]
    assert 0.05 < len(new) / WORLD.items < 0.25
    assert new.max() < PLAN.end
    assert 0.01 < len(retired) / WORLD.items < 0.1
    assert (WORLD.available_from < WORLD.available_to).any()


def test_popularity_is_a_power_of_the_rank_within_the_category():
    for era in range(2):
        mine = np.sort(WORLD.popularity[era][WORLD.category == 0])[::-1]
        assert mine == pytest.approx(np.arange(1, len(mine) + 1) ** -0.8)


def test_good_items_tend_to_be_popular_before_and_after_the_drift():
    for era in range(2):
        assert np.corrcoef(np.log(WORLD.popularity[era]), WORLD.quality)[0, 1] > 0.3


def test_the_drift_ranks_items_anew():
    before, after = np.log(WORLD.popularity)
    assert 0.1 < np.corrcoef(before, after)[0, 1] < 0.8


def test_eras():
    assert [WORLD.era(PLAN.drift_time + after) for after in (-1, 0, 1)] == [0, 1, 1]
    assert make_world(make_plan(1000)).era(PLAN.end) == 0


def test_items_lie_around_their_category():
    spread = np.linalg.norm(WORLD.factors - WORLD.centroids[WORLD.category], axis=1)
    assert np.linalg.norm(WORLD.centroids, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.sqrt((spread**2).mean() / 8) == pytest.approx(0.5, abs=0.05)


def test_the_smallest_shop():
    assert make_world(make_plan(1000, items=2, days=1)).items == 2
