"""States to bytes and back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.user_state.encoding import Stored, decode, encode, encode_live
from serving.user_state.live import Applied, LiveEvent
from serving.user_state.record import UserStateError
from transform.state import EMPTY, Event, FoldSettings, UserState, apply
from transform.windows import UserWindow

WINDOWS = (
    UserWindow("views", 86_400, "view"),
    UserWindow("liked", 7 * 86_400, "buy", per="view", by="genre"),
)
TEXT = st.text(max_size=5)
EVENTS = st.builds(
    Event,
    TEXT,
    st.sampled_from(["view", "buy", "impression"]),
    st.integers(-(10**6), 10**10),
    st.lists(st.tuples(st.just("genre"), TEXT), max_size=3).map(tuple),
)
VALUES = TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)


def folded(events):
    state = EMPTY
    for event in events:
        state = apply(state, event, FoldSettings(windows=WINDOWS))
    return state


@given(st.lists(EVENTS, max_size=20).map(folded), st.dictionaries(TEXT, VALUES, max_size=6))
def test_what_is_written_is_read(state, features):
    read, read_features, *_ = decode(encode(state, features))
    assert read == state
    assert read_features == features
    assert {name: type(value) for name, value in read_features.items()} == {
        name: type(value) for name, value in features.items()
    }
    assert encode(read, read_features) == encode(state, features)


def test_an_empty_state_is_no_bytes():
    assert encode(EMPTY, {}) == b""
    assert decode(b"") == Stored(EMPTY, {})


def test_a_long_history_takes_few_bytes():
    events = tuple(Event(f"item-{n % 300}", "view", 1_700_000_000 + 60 * n) for n in range(1000))
    plain = sum(len(e.item_id) + len(e.event_type) + 8 for e in events)
    assert len(encode(UserState(events), {})) < plain / 2


@given(st.binary(max_size=60))
def test_any_bytes_are_a_state_or_refused(encoded):
    with contextlib.suppress(UserStateError):
        decode(encoded)


@pytest.mark.parametrize("keep", [1, 10, -1])
def test_bytes_cut_short_are_refused_or_another_state(keep):
    state = folded([Event("apple", "view", 10), Event("bread", "buy", 20)])
    encoded = encode(state, {"age": 30.0})
    with contextlib.suppress(UserStateError):
        assert decode(encoded[:keep]) != Stored(state, {"age": 30.0})


def test_a_place_beyond_the_texts_is_refused():
    encoded = encode(UserState((Event("apple", "view", 10),)), {})
    without_texts = encoded[encoded.index(b"\x12") :]
    with pytest.raises(UserStateError, match=r"index out of range.*published states again"):
        decode(without_texts)


def test_a_feature_of_another_type_is_refused():
    with pytest.raises(TypeError, match=r"must be a str, an int or a float, received .*True"):
        encode(EMPTY, {"member": True})


LIVE = st.builds(
    lambda name, event, more: LiveEvent(
        name, (event, *(event._replace(item_id=item, categories=()) for item in more))
    ),
    TEXT,
    EVENTS,
    st.lists(TEXT, max_size=3),
)


@given(st.lists(EVENTS, max_size=8).map(folded), st.lists(LIVE, max_size=4), st.integers(0, 4))
def test_live_events_are_appended_to_the_bytes(state, live, cut):
    ledger = (Applied(-5, "a", 1), Applied(10**9, "b", 0))
    encoded = encode(state, {"age": 3}, ledger)
    for part in (live[:cut], live[cut:]):
        encoded += encode_live(part)
    assert decode(encoded) == Stored(state, {"age": 3}, ledger, tuple(live))


def test_a_live_event_without_an_item_is_refused():
    with pytest.raises(UserStateError, match="has no item"):
        decode(b"\x92\x01\x00")  # field 18, of no bytes
