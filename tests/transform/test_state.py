"""The fold, and the columnar form of its histories held equal to it."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.state import EMPTY, Event, FoldSettings, apply, history_starts, snapshot
from transform.windows import UserWindow, hop_seconds

EVENTS = st.lists(
    st.builds(
        Event,
        item_id=st.sampled_from("abcde"),
        event_type=st.sampled_from(("view", "buy")),
        event_time=st.integers(0, 20),
        categories=st.just(()),
    ),
    max_size=30,
)


HOUR, DAY = 3_600, 86_400
KEEP_ALL = FoldSettings()
VIEWS = FoldSettings(windows=(UserWindow("views_1h", HOUR, "view"),))


def fold(events, settings=KEEP_ALL):
    state = EMPTY
    for event in events:
        state = apply(state, event, settings)
    return state


def values(state, at, settings):
    return snapshot(state, at=at, settings=settings)["values"]


def test_a_snapshot_shows_the_events_so_far_oldest_first():
    state = fold([Event("a", "view", 10), Event("b", "buy", 20)])
    assert snapshot(state, at=25) == {
        "history_item_id": ["a", "b"],
        "history_event_type": ["view", "buy"],
        "history_time": [10, 20],
        "history_gap": [0, 10],
        "history_session": [0, 0],
        "request_time": 25,
        "values": {},
        "category_values": {},
    }


def test_a_session_ends_with_a_gap_longer_than_the_setting():
    state = fold([Event("a", "view", at) for at in (0, 100, 201, 301)])
    shown = snapshot(state, at=400, settings=FoldSettings(session_gap=100))
    assert shown["history_gap"] == [0, 100, 101, 100]
    assert shown["history_session"] == [0, 0, 1, 1]


def test_a_snapshot_of_nothing_is_empty():
    assert snapshot(EMPTY, at=5)["history_item_id"] == []


def test_apply_does_not_change_the_state_it_is_given():
    state = fold([Event("a", "view", 10)])
    apply(state, Event("b", "view", 5))
    assert snapshot(state, at=99)["history_item_id"] == ["a"]


def test_a_snapshot_never_shows_what_comes_later():
    state = fold([Event("a", "view", 10), Event("b", "view", 20)])
    assert snapshot(state, at=19)["history_item_id"] == ["a"]
    assert snapshot(state, at=20)["history_item_id"] == ["a", "b"]


def test_a_late_event_finds_its_place():
    state = fold([Event("a", "view", 10), Event("c", "view", 30), Event("b", "view", 20)])
    assert snapshot(state, at=99)["history_item_id"] == ["a", "b", "c"]


def test_events_of_one_second_stay_in_the_order_of_arrival():
    state = fold([Event("b", "view", 10), Event("a", "view", 10)])
    assert snapshot(state, at=10)["history_item_id"] == ["b", "a"]


@given(EVENTS, st.integers(1, 5))
def test_a_bounded_state_keeps_the_latest_events(events, bound):
    ordered = sorted(events, key=lambda event: event.event_time)
    assert fold(ordered, FoldSettings(max_history=bound)).events == tuple(ordered[-bound:])


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter_between_different_seconds(events, random):
    unique = list({event.event_time: event for event in events}.values())
    shuffled = random.sample(unique, len(unique))
    assert fold(unique) == fold(shuffled)


@given(st.lists(EVENTS, min_size=1, max_size=5), st.integers(1, 6))
def test_the_columnar_form_equals_the_fold(histories, length):
    """Every request of every user sees, in columns, what the fold shows before the event."""
    histories = [sorted(events, key=lambda event: event.event_time) for events in histories]
    column = [event for events in histories for event in events]
    counts = [len(events) for events in histories]
    first = np.repeat(np.cumsum([0, *counts[:-1]]), counts).astype(np.int64)
    position = np.arange(len(column), dtype=np.int64)
    starts = history_starts(first, position, length)
    request = 0
    for events in histories:
        state = EMPTY
        for event in events:
            shown = snapshot(state, at=event.event_time, length=length)
            columnar = column[starts[request] : position[request]]
            assert shown["history_item_id"] == [e.item_id for e in columnar]
            assert shown["history_event_type"] == [e.event_type for e in columnar]
            assert shown["history_time"] == [e.event_time for e in columnar]
            state = apply(state, event)
            request += 1


def test_impressions_are_counted_but_are_no_history():
    settings = FoldSettings(windows=(UserWindow("shown_1h", HOUR, "impression"),))
    state = fold([Event("a", "impression", 10), Event("b", "view", 20)], settings)
    shown = snapshot(state, at=30, settings=settings)
    assert shown["history_item_id"] == ["b"]
    assert shown["values"] == {"shown_1h": 1.0}


def test_a_window_reaches_back_to_the_start_of_a_hop():
    """At 01:00:30 a window of an hour with hops of a minute begins at 00:00:00."""
    state = fold([Event("a", "view", at) for at in (-1, 0, 59, 60)], VIEWS)
    assert values(state, HOUR + 30, VIEWS) == {"views_1h": 3.0}
    assert values(state, HOUR + 60, VIEWS) == {"views_1h": 1.0}
    assert values(state, 3 * HOUR, VIEWS) == {"views_1h": 0.0}


@pytest.mark.parametrize("hours", [1, 2, 5, 12, 24, 61, 7 * 24, 28 * 24, 90 * 24, 365 * 24])
def test_a_hop_divides_its_window_and_is_at_most_a_sixtieth(hours):
    hop = hop_seconds(hours * HOUR)
    assert hours * HOUR % hop == 0
    assert hours * HOUR // hop >= 60


def test_a_rate_divides_two_counts_and_is_zero_without_a_denominator():
    rate = FoldSettings(windows=(UserWindow("bought", DAY, "buy", per="view"),))
    assert values(fold([Event("a", "buy", 5)], rate), 9, rate) == {"bought": 0.0}
    events = [Event("a", kind, 5) for kind in ("view", "view", "view", "buy")]
    assert values(fold(events, rate), 9, rate) == {"bought": float(np.float32(1 / 3))}


def test_an_event_counts_once_in_each_category_of_its_item():
    settings = FoldSettings(windows=(UserWindow("views", DAY, "view", by="genre"),))
    both = (("genre", "jazz"), ("genre", "folk"), ("colour", "blue"))
    events = [Event("a", "view", 5, both), Event("b", "view", 6, both[:1]), Event("c", "view", 7)]
    shown = snapshot(fold(events, settings), at=9, settings=settings)
    assert shown["category_values"] == {"views": {"folk": 1.0, "jazz": 2.0}}
    assert list(shown["category_values"]["views"]) == ["folk", "jazz"]


def test_a_late_event_lands_in_its_tile_and_one_out_of_reach_nowhere():
    state = fold([Event("a", "view", 2 * HOUR)], VIEWS)
    late = apply(state, Event("b", "view", HOUR + 61), VIEWS)
    assert values(late, 2 * HOUR, VIEWS) == {"views_1h": 2.0}
    assert apply(state, Event("b", "view", HOUR - 1), VIEWS).tiles == state.tiles


@given(EVENTS, st.randoms(use_true_random=False))
def test_tiles_do_not_depend_on_the_order_of_arrival(events, random):
    stretched = [event._replace(event_time=event.event_time * 400) for event in events]
    shuffled = random.sample(stretched, len(stretched))
    assert fold(stretched, VIEWS).tiles == fold(shuffled, VIEWS).tiles


def test_a_state_keeps_no_more_tiles_than_a_window_reaches():
    state = fold([Event("a", "view", minute * 60) for minute in range(500)], VIEWS)
    assert len(state.tiles[60]) == 61
    assert values(state, 499 * 60, VIEWS) == {"views_1h": 61.0}


def test_apply_takes_about_as_long_after_many_events_as_after_few():
    settings = FoldSettings(max_history=50, windows=VIEWS.windows)

    def seconds(state):
        started = time.perf_counter()
        for _ in range(300):
            apply(state, Event("a", "view", 10**6), settings)
        return time.perf_counter() - started

    few = fold([Event("a", "view", at) for at in range(10**6 - 50, 10**6)], settings)
    many = fold([Event("a", "view", at) for at in range(10**6 - 5_000, 10**6)], settings)
    assert min(seconds(many) for _ in range(5)) < 10 * min(seconds(few) for _ in range(5))
