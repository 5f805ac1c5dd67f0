"""What users of the simulated shop do, held against the truth it was drawn from."""

import polars as pl
import pytest

from simulation.shop import Behaviour, blocks
from simulation.world import items_table, items_truth, make_world

START = 1_700_000_000
WORLD = make_world(items=200, days=60, start=START, seed=3)


@pytest.fixture(scope="module")
def block():
    (block,) = blocks(WORLD, 2000, Behaviour(), seed=5)
    return block


def test_events_lie_inside_the_log_in_the_order_of_users_and_times(block):
    events = block.events
    assert events.equals(events.sort("user_id", "event_time", maintain_order=True))
    assert events["event_time"].min() >= START
    assert events["event_time"].max() < WORLD.end


def test_no_item_is_taken_before_it_came_into_the_shop(block):
    joined = block.events.join(items_table(WORLD), on="item_id")
    assert len(joined) == len(block.events)
    assert (joined["event_time"] >= joined["available_from"]).all()


def test_successors_follow_about_as_often_as_planted(block):
    pairs = block.events.with_columns(
        before=pl.col("item_id").shift(1).over("user_id"),
        same=pl.col("session_id") == pl.col("session_id").shift(1).over("user_id"),
    ).filter("same")
    truth = items_truth(WORLD)
    joined = pairs.join(truth, left_on="before", right_on="item_id")
    followed = (joined["item_id"] == joined["successor_id"]).mean()
    assert followed == pytest.approx(Behaviour().follow, abs=0.05)


def test_without_following_successors_are_rare():
    (block,) = blocks(WORLD, 500, Behaviour(follow=0.0), seed=5)
    pairs = block.events.with_columns(before=pl.col("item_id").shift(1).over("user_id"))
    joined = pairs.join(items_truth(WORLD), left_on="before", right_on="item_id")
    assert (joined["item_id"] == joined["successor_id"]).mean() < 0.08


def test_users_take_their_favourite_category_most(block):
    joined = block.events.join(items_table(WORLD), on="item_id").join(block.truth, on="user_id")
    category = joined["category"].str.strip_prefix("category ").cast(pl.Int64)
    assert (category == joined["favourite"]).mean() > 0.5


def test_activity_is_heavy_tailed_and_some_users_are_cold(block):
    counts = block.events["user_id"].value_counts()["count"]
    assert len(counts) == 2000
    assert (counts <= 2).mean() > 0.05
    assert counts.max() > 5 * counts.median()


def test_sessions_are_bursts(block):
    within = block.events.group_by("session_id").agg(
        span=pl.col("event_time").max() - pl.col("event_time").min(), events=pl.len()
    )
    assert within["span"].median() < 30 * 60
    assert within["events"].mean() == pytest.approx(6, abs=1.5)


def test_views_outnumber_carts_and_carts_purchases(block):
    counts = dict(block.events["event_type"].value_counts().iter_rows())
    assert counts["view"] > counts["cart"] > counts["purchase"] > 0
