"""The leakage certificate: it passes the fold, and catches every leak that is planted."""

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from components.data_gate.certificate import builder, certify, with_other_future, without_future
from tests.transform.logs import write_dataset
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows import Shop, build_rows
from transform.settings import SplitSettings

BY_TIME = SplitSettings(protocol="time", eval_fraction=0.2, validation_fraction=0.2)
LEAVE_ONE_OUT = SplitSettings(protocol="leave_one_out")
ROWS = [
    (f"u{user}", f"i{(user * 7 + n * (user % 3 + 1)) % 25}", 100 * n + user, ("view", "buy")[n % 2])
    for user in range(20)
    for n in range(10)
]
DEVICE = Feature(name="device", side="context", kind="category")


@pytest.fixture(params=[BY_TIME, LEAVE_ONE_OUT], ids=["time", "leave_one_out"])
def dataset(request, tmp_path):
    devices = {"device": [f"d{n % 4}" for n in range(len(ROWS))]}
    return write_dataset(tmp_path, ROWS, split=request.param, features=(DEVICE,), extra=devices)


def certificate(dataset, build):
    events = dataset.log.decode()
    users = dataset.log.histories.users["user_id"].head(12)
    return certify(build(events, users), events, users, build, seed=5)


def test_the_fold_does_not_leak(dataset):
    found = certificate(dataset, builder(dataset))
    assert found.changed == {}
    assert found.rows["train"] > 0
    assert found.rows["ranking"] > 0


def test_the_future_is_really_deleted_and_really_replaced(dataset):
    events = dataset.log.decode()
    assert set(without_future(events)["period"]) == {0}
    other = with_other_future(events, seed=5)
    assert len(other) == len(events)
    assert without_future(other).equals(without_future(events))
    future, replaced = (frame.filter(pl.col("period") != 0) for frame in (events, other))
    assert (future["item_id"] != replaced["item_id"]).mean() > 0.5
    assert (replaced["event_time"] > future["event_time"]).all()
    assert set(replaced["event_type"]) == {"view certificate", "buy certificate"}
    # Each event still belongs to its user and period.
    assert replaced.select("user_id", "period").equals(future.select("user_id", "period"))


# Builds with a leak, each of a kind that real pipelines have.


def popularity_of_the_whole_log(dataset):
    """Candidates are drawn by counts that include later events."""

    def build(events, users):
        log = EventLog.of(events)
        every = log.with_period(np.zeros(len(events), np.int8))
        old = dataset.shop
        tiles = Shop.close(every, old.features, old.split, old.examples, old.seed).tiles
        shop = replace(
            Shop.close(log, old.features, old.split, old.examples, old.seed), tiles=tiles
        )
        return rows_of(log, shop, users)

    return build


def an_aggregate_that_includes_its_own_future(dataset):
    """A query feature: how many events the user has, counted over the whole log."""

    def build(events, users):
        rows = dict(builder(dataset)(events, users))
        counts = dict(events["user_id"].value_counts().iter_rows())
        for split, batch in rows.items():
            owner = [user[0].decode() for user in batch.column("user_id").to_pylist()]
            column = pa.array([[counts.get(user, 0)] for user in owner], pa.list_(pa.int64()))
            rows[split] = batch.append_column("user_events", column)
        return rows

    return build


def windows_over_the_whole_history(dataset):
    """Training windows are cut from every event of a user."""

    def build(events, users):
        log = EventLog.of(events)
        old = dataset.shop
        shop = Shop.close(log, old.features, old.split, old.examples, old.seed)
        return rows_of(log.with_period(np.zeros(len(events), np.int8)), shop, users)

    return build


def rows_of(log, shop, users):
    chosen = np.flatnonzero(log.histories.users["user_id"].is_in(users.implode()))
    return build_rows(log.histories.take(chosen), shop)


@pytest.mark.parametrize(
    ("plant", "feature"),
    [
        (popularity_of_the_whole_log, ("ranking", "candidate_item_id")),
        (an_aggregate_that_includes_its_own_future, ("train", "user_events")),
        (windows_over_the_whole_history, ("train", "history_item_id")),
    ],
)
def test_a_planted_leak_is_caught_and_named(dataset, plant, feature):
    found = certificate(dataset, plant(dataset))
    assert found.changed[feature] > 0


def test_rows_that_come_and_go_are_caught(dataset):
    """A build that drops users whom the future does not mention."""

    def build(events, users):
        known = events.filter(pl.col("period") != 0)["user_id"].unique()
        kept = users.filter(users.is_in(known.implode()))
        return builder(dataset)(events, kept)

    assert certificate(dataset, build).changed["train", "number of rows"] > 0
