"""Other worlds: the past stays as it is, and the future is really another."""

import polars as pl

from components.data_gate import alterations
from tests.transform.logs import frame
from transform.settings import SplitSettings

ROWS = [
    (f"u{user}", f"i{(user * 3 + n) % 9}", 100 * n + user, ("view", "impression")[n % 4 == 0])
    for user in range(12)
    for n in range(8)
]
EVENTS = frame(ROWS, {"device": [f"d{n}" for n in range(len(ROWS))]}).with_columns(
    (pl.col("event_time") // 300).clip(0, 2).cast(pl.Int8).alias("#period")
)


def test_the_future_is_deleted():
    training = alterations.without(EVENTS, alterations.after_training(EVENTS))
    assert set(training["#period"]) == {0}
    until = alterations.without(EVENTS, alterations.after(EVENTS, 405))
    assert until["event_time"].max() == 405
    assert until.equals(EVENTS.filter(pl.col("event_time") <= 405))


def test_the_future_is_replaced_and_nothing_else():
    future = alterations.after(EVENTS, 400)
    other = alterations.with_other(EVENTS, future, "impression", seed=5)
    assert len(other) == len(EVENTS)
    assert alterations.without(EVENTS, future).equals(other.head(int((~future).sum())))
    old, new = EVENTS.filter(future), other.tail(int(future.sum()))
    assert (old["item_id"] != new["item_id"]).mean() > 0.5
    assert (old["device"] != new["device"]).mean() > 0.5
    assert (new["event_time"] > old["event_time"]).all()
    assert set(new["event_type"]) == {"impression", "view certificate"}
    # Each event still belongs to its user and period, and users keep the order of their events.
    assert new.select("user_id", "#period").equals(old.select("user_id", "#period"))
    gaps = (pl.col("event_time").diff().over("user_id") >= 0).fill_null(True)
    assert new.select(gaps).to_series().all()


def changed(which):
    """The log, and which of its events have another item."""
    other = alterations.with_other_deeds(EVENTS, which, "impression")
    assert other.select("user_id", "event_time").equals(EVENTS.select("user_id", "event_time"))
    return EVENTS.with_columns(changed=EVENTS["item_id"] != other["item_id"])


def test_each_user_s_last_training_event_is_another_and_those_before_stay():
    found = changed(alterations.from_the_last_of_training())
    training = found.filter(pl.col("#period") == 0).group_by("user_id").agg(pl.col("changed"))
    assert all(
        flags.to_list() == [False] * (len(flags) - 1) + [True] for flags in training["changed"]
    )
    assert found.filter(pl.col("#period") != 0)["changed"].all()


def test_deeds_of_the_test_are_others_and_its_impressions_stay():
    found = changed(alterations.of_the_test("impression", SplitSettings()))
    asked = (pl.col("#period") == 2) & (pl.col("event_type") == "view")
    assert found.select((asked == pl.col("changed")).all()).item()


def test_answers_before_the_first_request_of_the_test_stay_where_they_are_not_asked_for():
    """They are in its history."""
    rows = [
        ("u", "a", 1, "impression"),
        *(("u", item, 2 + n, "view") for n, item in enumerate("abcd")),
    ]
    requests = ["list", "list", None, "list", None]
    events = frame(rows, {"request_id": requests}).with_columns(pl.lit(2).alias("#period"))
    split = SplitSettings(held_out="unprompted")
    other = alterations.with_other_deeds(
        events, alterations.of_the_test("impression", split), "impression"
    )
    changed = (events["item_id"] != other["item_id"]).to_list()
    assert changed == [False, False, True, True, True]


def test_types_are_exchanged_among_those_of_the_log():
    events = frame([("u", "i", n, kind) for n, kind in enumerate(["buy", "impression", "view"])])
    other = alterations.with_other_deeds(events, pl.lit(value=True), "impression")
    assert other["event_type"].to_list() == ["view", "impression", "buy"]
    views = events.filter(pl.col("event_type") == "view")
    other = alterations.with_other_deeds(views, pl.lit(value=True), "impression")
    assert other["event_type"].to_list() == ["certificate"]
