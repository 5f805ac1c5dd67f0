"""Other worlds: the past stays as it is, and the future is really another."""

import polars as pl

from components.data_gate import alterations
from tests.transform.logs import frame

ROWS = [
    (f"u{user}", f"i{(user * 3 + n) % 9}", 100 * n + user, ("view", "impression")[n % 4 == 0])
    for user in range(12)
    for n in range(8)
]
EVENTS = frame(ROWS, {"device": [f"d{n}" for n in range(len(ROWS))]}).with_columns(
    period=(pl.col("event_time") // 300).clip(0, 2).cast(pl.Int8)
)


def test_the_future_is_deleted():
    training = alterations.without(EVENTS, alterations.after_training(EVENTS))
    assert set(training["period"]) == {0}
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
    assert new.select("user_id", "period").equals(old.select("user_id", "period"))
    gaps = (pl.col("event_time").diff().over("user_id") >= 0).fill_null(True)
    assert new.select(gaps).to_series().all()


def test_the_last_training_event_of_each_user_is_another_and_those_before_stay():
    other = alterations.with_other_last(EVENTS, "impression")
    changed = EVENTS["item_id"] != other["item_id"]
    assert other.select("user_id", "event_time").equals(EVENTS.select("user_id", "event_time"))
    training = EVENTS.with_columns(changed=changed).filter(pl.col("period") == 0)
    assert (
        training.group_by("user_id").agg(pl.col("changed").sum())["changed"].to_list() == [1] * 12
    )
    last = training.group_by("user_id").agg(pl.col("changed").last())["changed"]
    assert last.all()
    assert changed.filter(EVENTS["period"] != 0).all()
