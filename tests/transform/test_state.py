"""The fold, and its columnar form held equal to it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transform.state import EMPTY, Event, apply, history_starts, snapshot

EVENTS = st.lists(
    st.builds(
        Event,
        item_id=st.sampled_from("abcde"),
        event_type=st.sampled_from(("view", "buy")),
        event_time=st.integers(0, 20),
    ),
    max_size=30,
)


def fold(events, max_history=None):
    state = EMPTY
    for event in events:
        state = apply(state, event, max_history)
    return state


def test_a_snapshot_shows_the_events_so_far_oldest_first():
    state = fold([Event("a", "view", 10), Event("b", "buy", 20)])
    assert snapshot(state, at=25) == {
        "history_item_id": ["a", "b"],
        "history_event_type": ["view", "buy"],
        "history_time": [10, 20],
        "request_time": 25,
    }


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
    assert fold(ordered, bound).events == tuple(ordered[-bound:])


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
