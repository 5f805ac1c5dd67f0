"""What must hold of every event of the log, whatever was drawn."""

import polars as pl
import pytest

from simulation.plan import DAY, START

KEYS = ["session_id", "item_id"]


def of_type(shop, name):
    return shop.events.filter(pl.col("event_type") == name)


def test_events_lie_inside_the_log(shop):
    assert shop.events["event_time"].min() == START
    assert shop.events["event_time"].max() < shop.world["end"]


def test_users_and_items_are_those_of_the_tables(shop):
    assert shop.events["item_id"].is_in(shop.items["item_id"].implode()).all()
    assert set(shop.events["user_id"]) == set(shop.users["user_id"])


def test_nothing_is_taken_before_it_came_or_after_it_went(shop):
    joined = shop.events.join(shop.items, on="item_id")
    assert (joined["event_time"] >= joined["available_from"]).all()
    assert (joined["event_time"] < joined["available_to"].fill_null(2**62)).all()
    # Neither holds for want of such items.
    assert (joined["available_from"] > START).sum() > 100
    assert joined["available_to"].is_not_null().sum() > 100


def test_users_arrive_all_along_and_first_when_they_sign_up(shop):
    first = shop.events.group_by("user_id").agg(pl.col("event_time").min())
    joined = first.join(shop.users, on="user_id")
    assert (joined["event_time"] == joined["signed_up_at"]).all()
    weeks = (shop.users["signed_up_at"] - START) // (5 * DAY)
    assert weeks.value_counts().sort("signed_up_at")["count"].min() > 0.05 * len(shop.users)


def test_an_impression_has_a_request_a_position_and_a_truth(shop):
    told = shop.impressions.select("request_id", "position", "page", "propensity", "relevance")
    assert told.null_count().sum_horizontal().item() == 0
    slots = shop.impressions.group_by("request_id").agg(
        pl.col("position"), pl.col("user_id", "event_time", "page").n_unique()
    )
    assert (slots["position"].list.len() == slots["position"].list.n_unique()).all()
    for column in ("user_id", "event_time", "page"):
        assert (slots[column] == 1).all()


def test_a_click_answers_an_impression(shop):
    clicks = of_type(shop, "click")
    joined = clicks.join(shop.impressions, on=["request_id", "position", "item_id", "user_id"])
    assert len(joined) == len(clicks) > 1000
    assert (joined["event_time"] > joined["event_time_right"]).all()


def test_impressions_and_clicks_alone_say_which_list_they_answer(shop):
    said = shop.events.filter(pl.col("request_id").is_not_null())
    assert set(said["event_type"]) == {"impression", "click"}


@pytest.mark.parametrize(("later", "earlier"), [("cart", "view"), ("purchase", "cart")])
def test_the_funnel_has_no_short_cut(shop, later, earlier):
    first = of_type(shop, earlier).group_by(KEYS).agg(before=pl.col("event_time").min())
    deeds = of_type(shop, later).join(first, on=KEYS, how="left")
    assert deeds["before"].null_count() == 0
    assert (deeds["event_time"] > deeds["before"]).all()
    assert 0 < len(deeds) < len(of_type(shop, earlier))


def test_a_click_leads_to_a_view_as_a_rule(shop):
    clicks = of_type(shop, "click")
    viewed = clicks.join(of_type(shop, "view"), on=KEYS, how="semi")
    assert 0.8 < len(viewed) / len(clicks) < 1


def test_only_impressions_share_a_second_within_a_session(shop):
    deeds = shop.events.filter(pl.col("event_type") != "impression")
    assert not deeds.select("session_id", "event_time").is_duplicated().any()


def test_sessions_are_bursts_of_one_user_on_one_device(shop):
    within = shop.events.group_by("session_id").agg(
        span=pl.col("event_time").max() - pl.col("event_time").min(),
        users=pl.col("user_id").n_unique(),
        devices=pl.col("device").n_unique(),
        events=pl.len(),
    )
    assert within["span"].median() < 30 * 60
    assert within["users"].max() == within["devices"].max() == 1
    assert 15 < within["events"].mean() < 27


def test_sessions_run_past_midnight(shop):
    days = shop.events.with_columns(day=pl.col("event_time") // DAY)
    spans = days.group_by("session_id").agg(pl.col("day").n_unique())["day"]
    assert 0 < (spans == 2).sum() < 0.02 * len(spans)


def test_activity_is_heavy_tailed_and_some_users_are_cold(shop):
    sessions = shop.events.group_by("user_id").agg(pl.col("session_id").n_unique())["session_id"]
    assert 0.1 < (sessions == 1).mean() < 0.5
    assert sessions.max() > 5 * sessions.median()


def test_evenings_are_busier_than_nights_and_weekends_than_the_days_after(shop):
    begin = shop.events.group_by("session_id").agg(pl.col("event_time").min())["event_time"]
    hours = (begin // 3600 % 24).value_counts().sort("event_time")["count"]
    assert hours[20] > 4 * hours[3]
    days = ((begin - START) // DAY).value_counts().sort("event_time")["count"].to_numpy()
    weekends, after = days[[5, 6, 12, 13]].sum(), days[[7, 8, 14, 15]].sum()
    assert weekends > 1.15 * after


def test_one_heavy_user_has_about_as_many_events_as_asked_for(make_shop):
    heavy = make_shop(heavy_user=20_000)
    counts = heavy.events["user_id"].value_counts(sort=True)
    assert counts["user_id"][0] == "u00000000"
    assert counts["count"][0] == pytest.approx(20_000, rel=0.1)
    assert counts["count"][1] < 5_000
