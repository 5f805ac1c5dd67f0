"""The catalogue of the simulated shop and its truth."""

import numpy as np
import pytest

from simulation.world import DAY, items_table, items_truth, make_world

START = 1_700_000_000
WORLD = make_world(items=60, days=30, start=START, seed=3)


def test_the_same_seed_gives_the_same_world():
    same = make_world(items=60, days=30, start=START, seed=3)
    other = make_world(items=60, days=30, start=START, seed=4)
    assert items_table(WORLD).equals(items_table(same))
    assert not items_table(WORLD).equals(items_table(other))


def test_successors_run_once_through_each_category():
    for category in range(WORLD.categories):
        members = np.flatnonzero(WORLD.category == category)
        item, met = members[0], []
        for _ in members:
            met.append(item)
            item = WORLD.successor[item]
        assert item == members[0]
        assert sorted(met) == members.tolist()


def test_every_category_has_items_and_its_first_one_is_never_new():
    first = np.searchsorted(WORLD.category, np.arange(WORLD.categories))
    assert set(WORLD.category) == set(range(WORLD.categories))
    assert (WORLD.available_from[first] == START).all()


def test_some_items_are_new_and_come_in_the_second_half():
    new = WORLD.available_from[WORLD.available_from > START]
    assert 0 < len(new) < WORLD.items / 3
    assert new.min() >= START + 15 * DAY
    assert new.max() < WORLD.end


def test_popularity_falls_within_a_category():
    for category in range(WORLD.categories):
        assert (np.diff(WORLD.popularity[WORLD.category == category]) < 0).all()


def test_ids_are_unique_and_the_truth_covers_them():
    items, truth = items_table(WORLD), items_truth(WORLD)
    assert items["item_id"].n_unique() == 60
    assert truth["item_id"].equals(items["item_id"])
    assert truth["successor_id"].is_in(items["item_id"].implode()).all()


def test_the_smallest_shop():
    assert make_world(items=2, days=1, start=START, seed=1).items == 2


def test_one_item_is_no_shop():
    with pytest.raises(ValueError, match=r"at least 2 items. Received: 1"):
        make_world(items=1, days=1, start=START, seed=1)
