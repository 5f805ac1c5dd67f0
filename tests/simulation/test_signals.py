"""The signals that were planted can be found in the log, and only where they were planted."""

import numpy as np
import polars as pl
import pytest

from simulation.plan import DAY
from simulation.world import NEVER


def by_position(shop, column):
    return shop.impressions.group_by("position").agg(pl.col(column).sum()).sort("position")[column]


def surprise(shop, examination):
    """Clicks at each position against those expected, in standard deviations."""
    position = shop.impressions["position"].to_numpy()
    chance = np.array(examination)[position] * shop.impressions["relevance"].to_numpy()
    expected = np.bincount(position, chance)
    variance = np.bincount(position, chance * (1 - chance))
    return np.abs(np.bincount(position, shop.impressions["clicked"]) - expected) / np.sqrt(variance)


def favourite_share(shop):
    """Share of views that are of the user's favourite category."""
    views = shop.events.filter(pl.col("event_type") == "view")
    joined = views.join(shop.items, on="item_id").join(shop.users_truth, on="user_id")
    return (joined["category"] == joined["favourite"]).mean()


def follow_share(shop):
    """Share of organic views that take the successor of the item just before, if it is on sale."""
    before = {name: pl.col(name).shift(1).over("session_id") for name in ("item_id", "event_type")}
    pairs = (
        shop.events.with_columns(item_before=before["item_id"], type_before=before["event_type"])
        .filter((pl.col("event_type") == "view") & (pl.col("type_before") != "impression"))
        .filter((pl.col("type_before") != "click") | (pl.col("item_id") != pl.col("item_before")))
        .join(shop.successors, left_on="item_before", right_on="item_id")
        .join(shop.items, left_on="successor_id", right_on="item_id")
        .filter(pl.col("available_from") + DAY <= pl.col("event_time"))
        .filter(pl.col("event_time") + 2 * DAY < pl.col("available_to").fill_null(NEVER))
    )
    assert len(pairs) > 1000
    return (pairs["item_id"] == pairs["successor_id"]).mean()


def test_relevance_times_examination_is_the_probability_of_a_click(shop):
    planted = np.array(shop.world["examination"])
    expected = shop.impressions["relevance"] * planted[shop.impressions["position"]]
    noise = np.sqrt((expected * (1 - expected)).sum())
    assert abs(shop.impressions["clicked"].sum() - expected.sum()) < 4 * noise
    tenths = shop.impressions.with_columns(tenth=expected.qcut(10, allow_duplicates=True))
    means = (
        tenths.with_columns(expected=expected)
        .group_by("tenth")
        .agg(pl.col("expected", "clicked").mean())
    )
    assert np.abs(means["expected"] - means["clicked"]).max() < 0.03


def test_the_position_bias_is_that_of_the_truth(shop):
    assert surprise(shop, shop.world["examination"]).max() < 4.5
    assert surprise(shop, np.ones(10))[1:].min() > 4.5  # the control
    rate = by_position(shop, "clicked")
    assert rate[0] > 4 * rate[9]


def test_without_a_position_bias_all_positions_are_alike(featureless):
    assert surprise(featureless, np.ones(10)).max() < 4.5


def test_better_items_stand_first_so_that_raw_click_rates_exaggerate_the_bias(shop):
    relevance = by_position(shop, "relevance")
    assert relevance[0] > 1.05 * relevance[9]


def test_users_take_their_favourite_category_most(shop):
    assert favourite_share(shop) > 0.25


def test_without_tastes_they_do_not(featureless):
    assert favourite_share(featureless) < 0.1


def test_users_like_items_along_their_factors_within_a_category(shop):
    pairs = shop.impressions.join(shop.items_truth, on="item_id").join(
        shop.users_truth, on="user_id"
    )
    match = np.einsum("nk,nk->n", pairs["factors"].to_numpy(), pairs["factors_right"].to_numpy())
    liked = pairs["clicked"].to_numpy() > 0
    assert match[liked].mean() > match[~liked].mean() + 0.3


def test_dear_items_are_clicked_less_by_those_who_mind(shop):
    pairs = shop.impressions.join(shop.items_truth, on="item_id").join(
        shop.users_truth, on="user_id"
    )
    odds = np.log(pairs["relevance"] / (1 - pairs["relevance"]))
    mind = pairs["price_sensitivity"] > pairs["price_sensitivity"].quantile(0.7)
    slope = np.polyfit(pairs["dearness"].filter(mind), odds.filter(mind), 1)[0]
    assert slope < -0.3


def test_successors_follow_about_as_often_as_planted(shop):
    assert follow_share(shop) == pytest.approx(shop.world["follow"], abs=0.04)


def test_a_session_does_not_follow_the_one_before(shop):
    sessions = (
        shop.events.group_by("session_id", maintain_order=True)
        .agg(pl.col("item_id", "event_type").first(), last=pl.col("item_id").last())
        .sort("session_id")
        .with_columns(pl.col("last").shift(1))
        .filter(pl.col("event_type") == "view")
        .join(shop.successors, left_on="last", right_on="item_id")
    )
    assert len(sessions) > 500
    assert (sessions["item_id"] == sessions["successor_id"]).mean() < 0.05


def test_without_following_successors_are_rare(featureless):
    assert follow_share(featureless) < 0.05


def test_what_is_relevant_goes_further_down_the_funnel(shop):
    keys = ["session_id", "item_id"]
    deeds = shop.events.group_by(keys).agg(
        views=(pl.col("event_type") == "view").sum(), carted=(pl.col("event_type") == "cart").any()
    )
    clicked = shop.impressions.filter(pl.col("clicked") > 0).join(deeds, on=keys)
    clicked = clicked.filter(pl.col("views") == 1)  # so that the cart followed this click
    carted, left = (clicked.filter(part)["relevance"] for part in ("carted", ~pl.col("carted")))
    assert carted.mean() > left.mean() + 0.1


def test_popular_items_are_viewed_more(shop):
    views = shop.events.filter(pl.col("event_type") == "view")["item_id"].value_counts()
    joined = shop.items_truth.join(views, on="item_id", how="left").fill_null(0)
    ranks = joined.select(pl.corr("popularity", "count", method="spearman")).item()
    assert ranks > 0.4
