"""The leakage certificate: it passes the fold, and catches every leak that is planted."""

from dataclasses import replace

import polars as pl
import pytest

from components.data_gate.certificate import (
    CUT_OFF,
    MIDDLE,
    REQUEST,
    builder,
    certify,
    frame_of,
    middle_of_training,
)
from components.data_gate.declared import Declared
from tests.transform.logs import frame
from transform.aggregates import Aggregate
from transform.aggregation.item_tiles import DayTiles
from transform.aggregation.user_aggregates import UserAggregates
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import assign_periods

BY_TIME = SplitSettings(protocol="time", eval_fraction=0.2, validation_fraction=0.2)
LEAVE_ONE_OUT = SplitSettings(protocol="leave_one_out")
DEVICE = Feature(name="device", side="context", kind="category")
KIND = Feature(name="kind", side="candidate", kind="category")
HOUR, DAY = 3600, 86_400
AGGREGATES = (
    Aggregate(name="views_1d", of="user", count="view", window="1d"),
    Aggregate(name="buy_rate_2d", of="user", rate="buy", per="view", window="2d"),
    Aggregate(name="kind_views_2d", of="user_category", by="kind", count="view", window="2d"),
    Aggregate(name="item_views_2d", of="item", count="view", window="2d"),
    Aggregate(name="item_age", of="item", age=True),
    Aggregate(name="all_views_1d", of="all", count="view", window="1d"),
)
ITEMS = pl.DataFrame(
    {"item_id": [f"i{n}" for n in range(25)], "kind": ["a", "b", "c", "d", "e"] * 5}
)
SAMPLED = [
    (
        f"u{user}",
        f"i{(user * 7 + n * (user % 3 + 1)) % 25}",
        5 * HOUR * n + user,
        ("view", "buy")[n % 2],
    )
    for user in range(20)
    for n in range(10)
]
# Every user is shown three items every five hours, and views the second of them a little later.
SHOWN = [
    row
    for user in range(20)
    for n in range(10)
    for row in (
        *(
            (f"u{user}", f"i{(user + n * 3 + place) % 25}", 5 * HOUR * n + user, "impression")
            for place in range(3)
        ),
        (f"u{user}", f"i{(user + n * 3 + 1) % 25}", 5 * HOUR * n + user + 60, "view"),
    )
]
LOGS = {"sampled": SAMPLED, "shown": SHOWN}
UNPROMPTED = BY_TIME.model_copy(update={"held_out": "unprompted"})


def declare(split=BY_TIME, **changes):
    examples = ExampleSettings(
        candidates=6, history_length=2, labels=("view",), attribution_hours=1
    )
    made = Declared((DEVICE, KIND), AGGREGATES, split, examples, seed=5)
    return replace(made, **changes)


def divided(rows, declared):
    """Normalised events with their periods."""
    # Of each user's lists every second one is answered.
    requests = [f"r{row[2] // HOUR}" if row[2] // HOUR % 2 else None for row in rows]
    devices = [f"d{n % 4}" for n in range(len(rows))]
    events = frame(rows, {"device": devices, "request_id": requests})
    log = EventLog.of(events, None, declared.examples.impression_type)
    return log.with_period(assign_periods(log.histories, declared.split)).decode()


def certificate(rows, plant=lambda build, declared: build, split=BY_TIME):
    """Moment -> what was found."""
    declared = declare(split)
    build = plant(builder(declared, None, ITEMS), declared)
    events = divided(rows, declared)
    found = certify(build(events, declared.examples), events, declared, build)
    return {difference.moment: difference for difference in found}


@pytest.mark.parametrize(
    "split", [BY_TIME, UNPROMPTED, LEAVE_ONE_OUT], ids=["time", "unprompted", "leave_one_out"]
)
@pytest.mark.parametrize("log", LOGS)
def test_the_fold_does_not_leak(log, split):
    found = certificate(LOGS[log], split=split)
    assert list(found) == [CUT_OFF, MIDDLE, REQUEST]
    for moment, difference in found.items():
        assert difference.changed == {}, moment
        assert difference.rows["ranking"] > 0, moment
        assert difference.rows["eval" if moment == REQUEST else "train"] > 0


def test_the_middle_lies_inside_the_training_period():
    events = divided(SAMPLED, declare())
    training = events.filter(pl.col("#period") == 0)["event_time"]
    assert training.min() < middle_of_training(events) < training.max()


# Builds with a leak, each of a kind that real pipelines have.


def with_column(rows, split, name, values):
    return {**rows, split: rows[split].with_columns(pl.Series(name, values))}


def owner(row):
    return row[0].decode()


def events_counted(which):
    """A build in which ranking rows also hold how many of some events their user has.

    Args:
        which: (events of the user, time of the request) -> which of them are counted.
    """

    def plant(build, _):
        def leaking(events, examples):
            rows = build(events, examples)
            of_user = {user: part for (user,), part in events.group_by("user_id")}
            asked = zip(rows["ranking"]["user_id"], rows["ranking"]["request_time"], strict=True)
            counts = [[len(which(of_user[owner(u)], t[0]))] for u, t in asked]
            return with_column(rows, "ranking", "user_events", counts)

        return leaking

    return plant


def log_with_every_event_training(build, declared):
    """Tiles, and so the candidates, are made of later events too."""

    def leaking(events, examples):
        everything = EventLog.of(events.with_columns(pl.lit(0, pl.Int8).alias("#period")))
        args = (declared.features, declared.split, examples, declared.seed)
        shop = Shop.close(everything, *args)
        rows = build_rows(EventLog.of(events).histories, shop)
        return {split: frame_of(batch) for split, batch in rows.items()}

    return leaking


def windows_over_the_whole_history(build, _):
    """Training windows are cut from every event of a user."""
    return lambda events, examples: build(
        events.with_columns(pl.lit(0, pl.Int8).alias("#period")), examples
    )


def histories_that_end_one_event_later(split):
    """A build in which the history of a split's rows shows the event that they ask for."""

    def plant(build, _):
        def leaking(events, examples):
            rows = build(events, examples)
            deeds = events.filter(pl.col("event_type") != "impression")
            order = deeds.sort("user_id", "event_time", maintain_order=True)
            parts = order.group_by("user_id", maintain_order=True)
            of_user = {user: part for (user,), part in parts}
            asked = zip(rows[split]["user_id"], rows[split]["request_time"], strict=True)
            shown = [
                of_user[owner(u)]
                .filter(pl.col("event_time") <= t[0])["item_id"]
                .cast(pl.Binary)
                .to_list()
                for u, t in asked
            ]
            return with_column(rows, split, "history_item_id", shown)

        return leaking

    return plant


def popularity_of_the_same_day(build, _):
    """An item aggregate that does not wait for its day to be over."""

    def leaking(events, examples):
        rows = build(events, examples)
        days = dict(events.group_by(pl.col("event_time") // DAY).len().iter_rows())
        values = [[days.get(t[0] // DAY, 0)] for t in rows["train"]["request_time"]]
        return with_column(rows, "train", "events_today", values)

    return leaking


def rows_of_users_who_come_back(build, _):
    """Rows come and go with what their users do after the training period."""

    def leaking(events, examples):
        rows = build(events, examples)
        known = events.filter(pl.col("#period") != 0)["user_id"].unique().cast(pl.Binary)
        user = pl.col("user_id").list.first()
        return {**rows, "train": rows["train"].filter(user.is_in(known.implode()))}

    return leaking


@pytest.mark.parametrize(
    ("plant", "moment", "feature"),
    [
        (
            events_counted(lambda events, _: events),
            CUT_OFF,
            ("ranking", "user_events"),
        ),
        (
            events_counted(lambda events, time: events.filter(pl.col("event_time") <= time + DAY)),
            MIDDLE,
            ("ranking", "user_events"),
        ),
        (
            events_counted(
                lambda events, time: events.filter(
                    pl.col("event_time") <= time, pl.col("event_type") == "view"
                )
            ),
            REQUEST,
            ("ranking", "user_events"),
        ),
        (
            histories_that_end_one_event_later("ranking"),
            REQUEST,
            ("ranking", "history_item_id"),
        ),
        (log_with_every_event_training, CUT_OFF, ("ranking", "candidate_item_id")),
        (windows_over_the_whole_history, CUT_OFF, ("train", "history_item_id")),
        (popularity_of_the_same_day, MIDDLE, ("train", "events_today")),
        (rows_of_users_who_come_back, CUT_OFF, ("train", "number_of_rows")),
    ],
    ids=[
        "an aggregate over the whole log",
        "an aggregate over the day after",
        "an aggregate that includes its own event",
        "a history that shows one event too many",
        "popularity over the whole log",
        "windows over the whole log",
        "a tile of the day that is not over",
        "rows that come and go",
    ],
)
def test_a_planted_leak_is_caught_and_named(plant, moment, feature):
    found = certificate(SAMPLED, plant)
    assert found[moment].changed[feature] > 0


@pytest.mark.parametrize("split", [BY_TIME, UNPROMPTED], ids=["time", "unprompted"])
def test_a_held_out_request_that_shows_its_own_event_is_caught(split):
    """Of every user whose events are held out, with lists in the log."""
    found = certificate(SHOWN, histories_that_end_one_event_later("eval"), split)[REQUEST]
    assert found.changed == {("eval", "history_item_id"): found.rows["eval"]}
    assert found.rows["eval"] > 0


def test_the_fold_s_own_aggregates_are_caught_when_they_include_their_own_event(monkeypatch):
    right = UserAggregates.user_values

    def wrong(self, moments):
        return right(self, replace(moments, position=moments.position + 1))

    monkeypatch.setattr(UserAggregates, "user_values", wrong)
    found = certificate(SAMPLED)
    assert set(found[REQUEST].changed) == {
        (split, name) for split in ("ranking", "eval") for name in ("views_1d", "buy_rate_2d")
    }


@pytest.mark.parametrize("log", LOGS)
def test_the_tiles_are_caught_when_they_do_not_wait_for_the_end_of_the_day(monkeypatch, log):
    right = DayTiles.item_values

    def wrong(self, aggregates, types, item, time):
        return right(self, aggregates, types, item, time + DAY)

    monkeypatch.setattr(DayTiles, "item_values", wrong)
    found = certificate(LOGS[log])
    assert set(found[MIDDLE].changed) == {("ranking", "item_views_2d")}


def test_an_aggregate_with_its_own_event_shows_at_the_request_alone():
    """Later events do not move it: only the altered request does."""
    own = events_counted(
        lambda events, time: events.filter(
            pl.col("event_time") <= time, pl.col("event_type") == "view"
        )
    )
    found = certificate(SAMPLED, own)
    assert found[CUT_OFF].changed == found[MIDDLE].changed == {}
    assert set(found[REQUEST].changed) == {("ranking", "user_events")}


def test_labels_that_wait_for_too_long_are_caught():
    """With impressions: a label that a deed of the next day still turns on."""

    def plant(build, declared):
        longer = {"attribution_hours": 48.0}
        return lambda events, examples: build(events, examples.model_copy(update=longer))

    found = certificate(
        [
            *SHOWN,
            *(
                (f"u{u}", f"i{(u + n * 3) % 25}", 5 * HOUR * n + u + DAY, "buy")
                for u in range(20)
                for n in range(5)
            ),
        ],
        plant,
    )
    assert found[MIDDLE].changed["ranking", "label"] > 0
