"""The co-view tile as a distribution."""

import numpy as np
import polars as pl
import pytest

from transform.aggregation.followers import Followers
from transform.rows.random_numbers import uniform

# Item 0 is followed by 1 (three times as often) and 2; item 1 by 2; nothing follows 2 and 3.
TILE = pl.DataFrame(
    {"#item": [0, 0, 1], "follower": [1, 2, 2], "weight": [3.0, 1.0, 5.0]},
    schema={"#item": pl.Int32, "follower": pl.Int32, "weight": pl.Float32},
)
FOLLOWERS = Followers(TILE, items=4, decay=0.5)
NONE = Followers(TILE.clear(), items=4, decay=0.5)


def probability(recent, item, followers=FOLLOWERS):
    chance, able = followers.probability(np.array([recent]), np.array([item]))
    return chance[0], able[0]


def test_one_recent_item_gives_its_followers_by_weight():
    assert probability([-1, 0], 1) == (0.75, True)
    assert probability([-1, 0], 2) == (0.25, True)
    assert probability([-1, 0], 3) == (0.0, True)


def test_older_events_weigh_less_by_the_decay():
    # Item 1 is the latest (weight 1), item 0 the one before (weight 1/2).
    chance, _ = probability([0, 1], 2)
    assert chance == pytest.approx((1.0 * 1.0 + 0.5 * 0.25) / 1.5)


def test_events_without_followers_are_passed_over():
    assert probability([0, 3], 1) == (0.75, True)


@pytest.mark.parametrize("recent", [[-1, -1], [2, 3]])
def test_without_any_follower_there_is_no_distribution(recent):
    assert probability(recent, 1) == (0.0, False)
    drawn = FOLLOWERS.draw(np.array([recent]), np.array([0]), np.array([0.5]), np.array([0.5]))
    assert drawn.tolist() == [-1]


def test_an_empty_tile_has_no_followers():
    assert probability([0, 1], 2, NONE) == (0.0, False)
    drawn = NONE.draw(np.array([[0, 1]]), np.array([0]), np.array([0.5]), np.array([0.5]))
    assert drawn.tolist() == [-1]


@pytest.mark.parametrize("recent", [[-1, 0], [0, 1], [1, 0], [0, 3]])
def test_draws_come_as_often_as_the_probability_says(recent):
    draws = 40_000
    event, item = (
        uniform(np.array([key], np.uint64), np.arange(draws, dtype=np.uint64)) for key in (1, 2)
    )
    drawn = FOLLOWERS.draw(np.array([recent]), np.zeros(draws, np.int64), event, item)
    for code in range(4):
        assert (drawn == code).mean() == pytest.approx(probability(recent, code)[0], abs=0.01)


@pytest.mark.parametrize("number", [2.0**-54, 1 - 2.0**-53])
def test_the_ends_of_the_unit_interval_stay_inside_the_tile(number):
    ends = np.array([number])
    drawn = FOLLOWERS.draw(np.array([[0, 1]]), np.array([0]), ends, ends)
    assert drawn[0] in (1, 2)
