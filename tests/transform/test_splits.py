"""Periods, cut-offs and the digest of the test targets."""

import hashlib

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.transform.logs import LEAVE_ONE_OUT, frame
from transform.errors import DataError
from transform.event_log import EventLog
from transform.settings import SplitSettings
from transform.splits import (
    PeriodSummary,
    assign_periods,
    refuse_empty_splits,
    refuse_unknown_answers,
    refuse_unshown,
    targets_digest,
)

BY_TIME = SplitSettings(protocol="time", eval_fraction=0.2, validation_fraction=0.2)


def periods(rows, split):
    """(user, item) -> period."""
    log = EventLog.of(frame(rows))
    events = log.with_period(assign_periods(log.histories, split)).decode()
    return {
        (user, item): period
        for user, item, period in events.select("user_id", "item_id", "#period").iter_rows()
    }


def test_leave_one_out_holds_out_the_last_two_events_of_each_user():
    rows = [("u", "a", 1), ("u", "b", 2), ("u", "c", 3), ("u", "d", 4)]
    assert periods(rows, LEAVE_ONE_OUT) == {
        ("u", "a"): 0,
        ("u", "b"): 0,
        ("u", "c"): 1,
        ("u", "d"): 2,
    }


def test_leave_one_out_breaks_ties_by_input_order():
    rows = [("u", "a", 1), ("u", "c", 2), ("u", "b", 2)]
    assert periods(rows, LEAVE_ONE_OUT)["u", "b"] == 2


def test_an_impression_belongs_to_the_period_of_the_behaviour_after_it():
    rows = [(item, n) for n, item in enumerate("abcd")]
    seen = [("u", f"shown {item}", 10 * n, "impression") for item, n in rows]
    done = [("u", item, 10 * n + 5, "view") for item, n in rows]
    log = EventLog.of(frame([*seen, *done, ("u", "late", 99, "impression")]), None, "impression")
    period = assign_periods(log.histories, LEAVE_ONE_OUT)
    assert period.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2]


def test_a_user_with_two_events_trains_only():
    assert set(periods([("u", "a", 1), ("u", "b", 2)], LEAVE_ONE_OUT).values()) == {0}


def test_time_divides_the_common_time_line_by_event_count():
    rows = [
        (user, item, time)
        for time, (user, item) in enumerate(
            [
                ("u", "a"),
                ("v", "a"),
                ("u", "b"),
                ("v", "b"),
                ("u", "c"),
                ("v", "c"),
                ("u", "d"),
                ("v", "d"),
                ("u", "e"),
                ("v", "e"),
            ]
        )
    ]
    assert sorted(periods(rows, BY_TIME).values()) == [0] * 6 + [1] * 2 + [2] * 2
    assert periods(rows, BY_TIME)["v", "e"] == 2


@given(st.lists(st.integers(0, 30), min_size=10, max_size=60))
def test_time_never_divides_a_second_and_never_runs_backwards(times):
    rows = [(f"u{number % 3}", f"i{number}", time) for number, time in enumerate(times)]
    log = EventLog.of(frame(rows))
    try:
        period = assign_periods(log.histories, BY_TIME)
    except DataError:
        assume(False)
    time = log.histories.column("event_time")
    for earlier, later in ((0, 1), (1, 2)):
        assert time[period == earlier].max() < time[period == later].min()


def test_one_second_for_all_cannot_be_divided_by_time():
    with pytest.raises(DataError, match=r"20 events from 5 to 5.*leave_one_out"):
        periods([("u", f"i{n}", 5) for n in range(20)], BY_TIME)


@pytest.mark.parametrize(
    ("rows", "split", "message"),
    [
        ([("u", "a", 1), ("u", "b", 2)], LEAVE_ONE_OUT, r"must hold events to validate with and"),
        ([("u", f"i{n}", n) for n in range(3)], LEAVE_ONE_OUT, r"two training events of one user"),
        ([(f"u{n}", "a", n) for n in range(10)], BY_TIME, r"two training events of one user"),
    ],
)
def test_a_log_that_leaves_a_split_empty_is_refused(rows, split, message):
    log = EventLog.of(frame(rows))
    log = log.with_period(assign_periods(log.histories, split))
    with pytest.raises(DataError, match=message):
        refuse_empty_splits(PeriodSummary.of(log.histories, split), split)


def test_a_log_of_answers_alone_leaves_nothing_unprompted():
    rows = [("u", f"i{n}", n, kind) for n in range(10) for kind in ("impression", "view")]
    events = frame(rows, {"request_id": [row[1] for row in rows]})
    log = EventLog.of(events, None, "impression")
    log = log.with_period(assign_periods(log.histories, BY_TIME))
    refuse_empty_splits(PeriodSummary.of(log.histories, BY_TIME), BY_TIME)
    split = BY_TIME.model_copy(update={"held_out": "unprompted"})
    message = r"to validate with and events to evaluate with.*held_out: unprompted"
    with pytest.raises(DataError, match=message):
        refuse_empty_splits(PeriodSummary.of(log.histories, split), split)


def test_a_log_that_does_not_tell_answers_is_refused_where_the_split_goes_by_them():
    lacking = ["`request_id`", "the type `impression`"]
    refuse_unknown_answers(BY_TIME, lacking)
    split = BY_TIME.model_copy(update={"held_out": "unprompted"})
    refuse_unknown_answers(split, [])
    with pytest.raises(DataError, match="without `request_id` and the type `impression`"):
        refuse_unknown_answers(split, lacking)


def test_a_log_that_shows_nothing_in_a_held_out_period_is_refused():
    rows = {"train": 9, "shown_validation": 3, "shown_eval": 0}
    refuse_unshown({"train": 9})
    refuse_unshown(rows | {"shown_eval": 1})
    with pytest.raises(DataError, match="Received: 3 in shown_validation, 0 in shown_eval"):
        refuse_unshown(rows)


def test_leave_one_out_does_not_choose_what_it_holds_out():
    with pytest.raises(ValueError, match=r"Received: `protocol: leave_one_out`"):
        SplitSettings(protocol="leave_one_out", held_out="unprompted")


def test_four_events_of_one_user_fill_every_split():
    log = EventLog.of(frame([("u", f"i{n}", n) for n in range(4)]))
    log = log.with_period(assign_periods(log.histories, LEAVE_ONE_OUT))
    refuse_empty_splits(PeriodSummary.of(log.histories, LEAVE_ONE_OUT), LEAVE_ONE_OUT)


def test_period_ranges_count_and_bound_each_period():
    log = EventLog.of(frame([("u", "a", 1), ("u", "b", 2), ("u", "c", 3), ("u", "d", 4)]))
    log = log.with_period(assign_periods(log.histories, LEAVE_ONE_OUT))
    ranges = PeriodSummary.of(log.histories, LEAVE_ONE_OUT).ranges
    assert (ranges["training"].events, ranges["training"].last_time) == (2, 2)
    assert (ranges["evaluation"].first_time, ranges["evaluation"].last_time) == (4, 4)


def test_an_empty_period_has_no_times():
    log = EventLog.of(frame([("u", "a", 1)]))
    log = log.with_period(np.zeros(1, np.int8))
    ranges = PeriodSummary.of(log.histories, LEAVE_ONE_OUT).ranges
    assert (ranges["evaluation"].events, ranges["evaluation"].first_time) == (0, None)


def test_the_digest_is_that_of_the_sorted_lines():
    targets = pl.DataFrame({"user_id": ["2", "10", "2"], "item_id": ["z", "x", "y"]})
    expected = hashlib.sha256(b"10\tx\n2\ty\n2\tz").hexdigest()
    assert targets_digest(targets) == expected
