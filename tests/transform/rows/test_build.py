"""The row contract, on logs small enough to work out by hand."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transform.logs import LEAVE_ONE_OUT, frame
from tests.transform.rows.built import BY_TIME, SMALL, one_user, rows
from transform.aggregates import DAY_SECONDS as DAY
from transform.aggregates import Aggregate
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows.build import build_rows
from transform.rows.catalogue import catalogue_rows
from transform.rows.shop import Shop
from transform.splits import assign_periods


def test_training_windows_overlap_by_one_event():
    windows = rows(frame(one_user(7)))["train"]  # five of the seven events train
    assert [row["history_item_id"] for row in windows] == [["i0", "i1", "i2"], ["i2", "i3", "i4"]]
    assert [row["history_time"] for row in windows] == [[10, 20, 30], [30, 40, 50]]
    assert [row["request_time"] for row in windows] == [[30], [50]]
    assert windows[0]["history_event_type"] == ["interaction"] * 3
    assert windows[0]["user_id"] == ["u"]


@given(st.integers(1, 40), st.integers(2, 7))
@settings(max_examples=25)
def test_every_training_event_but_the_first_is_a_target_once(length, history_length):
    examples = SMALL.model_copy(update={"history_length": history_length})
    windows = rows(frame(one_user(length)), examples=examples)["train"]
    training = length - 2 if length >= 3 else length
    targets = [item for row in windows for item in row["history_item_id"][1:]]
    assert targets == [f"i{n}" for n in range(1, training)]
    assert all(len(row["history_item_id"]) <= history_length + 1 for row in windows)


def test_ranking_rows_ask_for_the_latest_training_events():
    ranking = rows(frame(one_user(7)))["ranking"]
    assert [row["history_item_id"] for row in ranking] == [["i1", "i2"], ["i2", "i3"]]
    assert [row["request_time"] for row in ranking] == [[40], [50]]
    positives = [
        [item for item, label in zip(row["candidate_item_id"], row["label"], strict=True) if label]
        for row in ranking
    ]
    assert positives == [["i3"], ["i4"]]


def test_ranking_rows_may_leave_out_requests_between():
    every_third = SMALL.model_copy(update={"ranking_every": 3})
    ranking = rows(frame(one_user(16)), examples=every_third)["ranking"]  # fourteen train
    assert [row["request_time"] for row in ranking] == [[100], [130]]
    # Three events more go on with the next third: they do not choose among those before.
    later = rows(frame(one_user(19)), examples=every_third)["ranking"]
    assert [row["request_time"] for row in later] == [[130], [160]]


def test_a_users_first_event_is_a_request_without_history():
    first = rows(frame(one_user(3)))["ranking"][0]
    assert first["history_item_id"] == []
    assert first["history_time"] == []


def test_held_out_requests_carry_the_whole_history_and_their_slices():
    held_out = rows(frame(one_user(7)))
    validation, evaluation = held_out["validation"], held_out["eval"]
    assert validation[0]["history_item_id"] == ["i1", "i2", "i3", "i4"]  # max_history is 4
    assert evaluation[0]["history_item_id"] == ["i2", "i3", "i4", "i5"]
    assert evaluation[0]["target_item_id"] == ["i6"]
    assert evaluation[0]["request_time"] == [70]
    assert evaluation[0]["user_rung"] == ["2-5"]
    assert evaluation[0]["item_rung"] == ["0"]


def test_the_item_rung_counts_training_events_only():
    events = frame([*one_user(3), ("v", "i2", 5), ("v", "x", 6)])
    (evaluation,) = rows(events)["eval"]
    assert evaluation["target_item_id"] == ["i2"]
    assert evaluation["item_rung"] == ["1"]


def test_a_target_that_the_user_has_had_is_a_repeat():
    fresh, again = [*one_user(4), ("u", "x", 50)], [*one_user(4), ("u", "i0", 50)]
    # What others have had does not count.
    others = [("v", "x", 1), ("v", "y", 2), ("v", "z", 3)]
    for own, expected in ((fresh, "0"), (again, "1")):
        built = rows(frame([*own, *others]))["eval"]
        (row,) = [row for row in built if row["user_id"] == ["u"]]
        assert row["is_repeat"] == [expected]


def test_held_out_requests_say_when_they_were_and_how_known_the_target_was():
    day = 86400
    events = frame([("v", "i9", 0), ("v", "i8", 1), ("v", "i7", 2), *one_user(3, "w")])
    events = pl.concat([events, frame([("v", "i9", 10 * day + 3 * 3600), ("v", "new", 11 * day)])])
    by_split = rows(events)
    validation = next(row for row in by_split["validation"] if row["user_id"] == ["v"])
    evaluation = next(row for row in by_split["eval"] if row["user_id"] == ["v"])
    assert validation["target_age"] == ["<28d"]
    assert (validation["request_hour"], validation["request_weekday"]) == (["03"], ["Sun"])
    assert (evaluation["target_age"], evaluation["target_popularity"]) == (["new"], ["none"])


def test_negatives_are_new_to_the_user_and_known_from_training():
    others = [row for user in "vwxyz" for row in one_user(12, user)]
    events = frame([("u", "i0", 1), ("u", "i1", 2), ("u", "i2", 3), ("u", "i3", 4), *others])
    built = rows(events, examples=SMALL.model_copy(update={"candidates": 6}))
    for split, had in (("ranking", "i0 i1"), ("validation", "i0 i1"), ("eval", "i0 i1 i2")):
        for row in (row for row in built[split] if row["user_id"] == ["u"]):
            assert len(set(row["candidate_item_id"])) == 6
            negatives = {
                item
                for item, label in zip(row["candidate_item_id"], row["label"], strict=True)
                if not label
            }
            assert len(negatives) == 5
            assert not negatives & set(had.split())
            assert not negatives & {"i10", "i11"}  # taken in held-out periods only
            assert row["label"].count(1.0) == 1


def test_where_lists_repeat_what_the_user_had_it_may_be_a_negative():
    others = [row for user in "vwxyz" for row in one_user(4, user)]
    events = frame([*one_user(6), *others])
    built = rows(events, examples=SMALL.model_copy(update={"candidates": 9, "repeats": True}))
    for split, target in (("ranking", None), ("validation", "i4"), ("eval", "i5")):
        for row in (row for row in built[split] if row["user_id"] == ["u"]):
            candidates = dict(zip(row["candidate_item_id"], row["label"], strict=True))
            assert {"i0", "i1", "i2", "i3"} <= set(candidates)  # all that training has seen
            assert len(candidates) == len(row["candidate_item_id"])
            assert target is None or candidates[target] == 1.0


def test_the_positive_is_certain_and_the_others_are_not():
    events = frame([row for user in "uvwxyz" for row in one_user(12, user)])
    for row in rows(events)["eval"]:
        for label, probability in zip(row["label"], row["candidate_probability"], strict=True):
            assert probability == 1.0 if label else 0.0 < probability <= 1.0


def test_time_protocol_asks_for_the_first_events_of_a_period():
    split = BY_TIME.model_copy(update={"max_rows_per_user": 2})
    built = rows(frame(one_user(10)), split)
    assert [row["target_item_id"] for row in built["validation"]] == [["i5"], ["i6"]]
    assert [row["target_item_id"] for row in built["eval"]] == [["i7"], ["i8"]]
    assert built["eval"][1]["history_item_id"] == ["i4", "i5", "i6", "i7"]


def test_a_user_who_comes_later_is_a_cold_request():
    events = frame([*one_user(10), ("new", "i0", 95)])
    (cold,) = [row for row in rows(events, BY_TIME)["eval"] if row["user_id"] == ["new"]]
    assert cold["history_item_id"] == []
    assert cold["user_rung"] == ["0"]


QUERY = (
    Feature(name="age", side="query", kind="number"),
    Feature(name="city", side="query", kind="category"),
    Feature(name="joined", side="query", kind="time"),
)


def test_query_features_come_from_the_users_table():
    users = pl.DataFrame({"user_id": ["u"], "age": [7.5], "city": ["Linz"], "joined": [123]})
    for split in rows(frame(one_user(5)), features=QUERY, users=users).values():
        for row in split:
            assert (row["age"], row["city"], row["joined"]) == ([7.5], ["Linz"], [123])


def test_a_missing_text_is_empty_and_a_missing_number_absent():
    users = pl.DataFrame(
        {"user_id": ["x"], "age": [1.0], "city": ["Graz"], "joined": [1]},
    )
    for row in rows(frame(one_user(5)), features=QUERY, users=users)["train"]:
        assert row["city"] == [""]
        assert "age" not in row
        assert "joined" not in row


def test_a_context_feature_is_that_of_the_requested_event():
    device = Feature(name="device", side="context", kind="category")
    events = frame(one_user(7), {"device": [f"d{n}" for n in range(7)]})
    built = rows(events, features=(device,))
    assert [row["device"] for row in built["train"]] == [["d2"], ["d4"]]  # the last of the window
    assert [row["device"] for row in built["ranking"]] == [["d3"], ["d4"]]
    assert built["eval"][0]["device"] == ["d6"]


def catalogue(events, items=None, features=(), aggregates=(), moments=(0, 0), split=LEAVE_ONE_OUT):
    log = EventLog.of(events)
    log = log.with_period(assign_periods(log.histories, split))
    shop = Shop.close(log, features, split, SMALL, 3, aggregates)
    return catalogue_rows(shop, items, *moments).to_pylist()


def test_the_catalogue_holds_items_of_the_table_and_of_the_whole_log():
    items = pl.DataFrame({"item_id": ["i0", "new"], "title": ["First", "New"]})
    title = Feature(name="title", side="candidate", kind="text")
    found = catalogue(frame(one_user(3)), items, (title,))
    assert [(r["item_id"], r["item_count"], r["title"]) for r in found] == [
        ([b"i0"], [1], [b"First"]),
        ([b"i1"], [0], [b""]),
        ([b"i2"], [0], [b""]),
        ([b"new"], [0], [b"New"]),
    ]


def test_the_catalogue_says_when_items_are_available():
    items = pl.DataFrame({"item_id": ["i0", "new"], "available_from": [5, None]})
    found = catalogue(frame(one_user(2)), items)
    assert [row["item_available_from"] for row in found] == [[5], None, None]
    assert not any("item_available_to" in row for row in found)


def test_the_catalogue_holds_aggregates_at_the_end_of_training_and_of_all_that_is_known():
    """Two events of an item train, the third validates: it counts at the second moment alone."""
    events = [("u", item, n * DAY) for n, item in enumerate(["a", "b", "a", "c", "a", "b", "b"])]
    week = Aggregate(name="week", of="item", count="interaction", window="7d")
    items = pl.DataFrame({"item_id": ["new"]})
    moments = (3 * DAY, 5 * DAY)
    found = catalogue(frame(events), items, (), (week,), moments, BY_TIME)
    assert {row["item_id"][0]: row["week"] for row in found} == {
        b"a": [2.0, 3.0],
        b"b": [1.0, 1.0],
        b"c": [0.0, 1.0],
        b"new": [0.0, 0.0],
    }


def test_without_an_items_table_the_catalogue_is_the_log():
    assert [row["item_id"] for row in catalogue(frame(one_user(2)))] == [[b"i0"], [b"i1"]]


LOGS = st.lists(
    st.tuples(
        st.sampled_from("uvw"), st.sampled_from([f"i{n}" for n in range(8)]), st.integers(0, 20)
    ),
    min_size=3,
    max_size=40,
)


@given(LOGS, LOGS)
@settings(max_examples=40)
def test_no_training_row_depends_on_what_comes_later(past, future):
    """Two logs that agree up to a moment have the same training rows up to it."""
    later = [(user, f"new {item}", 100 + time) for user, item, time in future]
    learned = []
    for tail in ([], later):
        # The past trains; whatever follows is held out.
        log = EventLog.of(frame([*past, *tail], {"#period": [0] * len(past) + [2] * len(tail)}))
        shop = Shop.close(log, (), LEAVE_ONE_OUT, SMALL, seed=3)
        batches = build_rows(log.histories, shop)
        learned.append([batches[split].to_pylist() for split in ("train", "ranking")])
    assert learned[0] == learned[1]


@pytest.mark.parametrize("seed", [3, 4])
def test_the_seed_changes_the_candidates_and_nothing_else(seed):
    # Each user has had 6 of 30 items.
    events = frame([(f"u{u}", f"i{(u * 7 + n) % 30}", n) for u in range(30) for n in range(8)])
    log = EventLog.of(events)
    log = log.with_period(assign_periods(log.histories, LEAVE_ONE_OUT))
    built, other = (
        build_rows(log.histories, Shop.close(log, (), LEAVE_ONE_OUT, SMALL, seed=each))["eval"]
        for each in (3, seed)
    )
    drawn = {"candidate_item_id", "candidate_probability", "label"}
    for name in built.schema.names:
        same = built.column(name).equals(other.column(name))
        assert same == (seed == 3 or name not in drawn)
