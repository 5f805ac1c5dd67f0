"""Live events: the state depends on which there were, not on when or how often they came."""

import uuid
from collections import Counter

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from serving.user_state.encoding import encode_live
from serving.user_state.live import (
    COUNTS_KEPT_SECONDS,
    REMEMBERED_SECONDS,
    Applied,
    LiveEvent,
    fold_live,
)
from serving.user_state.record import Publication
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.store import record_event, settle
from transform.state import EMPTY, Event, FoldSettings, apply
from transform.windows import UserWindow

START = 20_000 * 86_400
SETTINGS = FoldSettings(
    max_history=4,
    windows=(
        UserWindow("views", 3600, "view"),
        UserWindow("rate", 86_400, "view", per="impression", by="genre"),
    ),
)


@st.composite
def happenings(draw):
    """Some events with different names, many of them of the same second."""
    times = st.integers(0, 5) | st.integers(0, 100).map(lambda n: n * 1800)
    found = []
    for name in draw(st.lists(st.text(max_size=3), unique=True, min_size=1, max_size=14)):
        kind, at = draw(st.sampled_from(["view", "buy", "impression"])), START + draw(times)
        items = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
        shown = items if kind == "impression" else items[:1]
        events = tuple(Event(item, kind, at, (("genre", f"of {item}"),)) for item in shown)
        found.append(LiveEvent(name, events))
    return found


def in_order(live):
    """The state of a replay, event by event, and the events by item."""
    state, counts = EMPTY, Counter()
    for one in sorted(live, key=lambda one: (one.event_time, one.event_id)):
        for event in one.events:
            state = apply(state, event, SETTINGS)
            counts[event.event_time // 86_400, event.event_type, event.item_id] += 1
    return state, counts


@given(happenings(), st.data())
def test_any_order_and_any_repetition_end_in_the_state_of_a_replay(live, data):
    repeated = live + data.draw(st.lists(st.sampled_from(live), max_size=5))
    arriving = data.draw(st.permutations(repeated))
    state, ledger, counts = EMPTY, (), Counter()
    while arriving:
        size = data.draw(st.integers(1, len(arriving)))
        folded = fold_live(state, ledger, arriving[:size], SETTINGS)
        state, ledger, counts = folded.state, folded.ledger, counts + folded.counts
        arriving = arriving[size:]
    assert (state, counts) == in_order(live)


def test_without_the_names_the_order_of_arrival_would_show():
    """The negative control: events of one second."""
    later, sooner = (LiveEvent(n, (Event(n, "view", START),)) for n in ("b", "a"))
    plain = apply(apply(EMPTY, later.events[0], SETTINGS), sooner.events[0], SETTINGS)
    assert plain != in_order([later, sooner])[0]
    assert fold_live(EMPTY, (), [later, sooner], SETTINGS).state == in_order([later, sooner])[0]


def test_an_event_is_remembered_until_it_could_not_come_any_more():
    first, last = (
        LiveEvent(name, (Event("a", "view", START + late),))
        for name, late in (("first", 0), ("last", REMEMBERED_SECONDS))
    )
    ledger = fold_live(EMPTY, (), [first, last], SETTINGS).ledger
    assert ledger == (Applied(START, "first", 1), Applied(START + REMEMBERED_SECONDS, "last", 1))
    even_later = LiveEvent("even later", (Event("a", "buy", last.event_time + 1),))
    assert len(fold_live(EMPTY, ledger, [even_later], SETTINGS).ledger) == 2


LIVE = [LiveEvent(f"e{n}", (Event(f"item-{n % 3}", "view", START + n),)) for n in range(10)]


def test_appended_events_are_in_the_state_at_once_and_stay_when_settled(store):
    store.publish(Publication(SETTINGS))
    assert store.append({"ann": LIVE[:3], "bob": LIVE[5:6]}) == {"ann": 3, "bob": 1}
    assert store.append({"ann": LIVE[2:6]}) == {"ann": 7}
    expected = in_order(LIVE[:6])
    for _ in range(2):
        [ann, bob], _ = store.read(["ann", "bob"])
        assert (ann.state, bob.state) == (expected[0], in_order(LIVE[5:6])[0])
        settle(store, store.users_with_live(10))
    assert store.users_with_live(10) == []
    assert store.append({}) == {}


def test_items_are_counted_once_when_events_are_settled(store):
    store.append({"ann": LIVE[:4]})
    assert store.item_counts(20_000) == {}
    settle(store, ["ann"])
    store.append({"ann": LIVE[:5], "bob": [LiveEvent("r#", (Event("x", "impression", START),))]})
    settle(store, sorted(store.users_with_live(10)))
    counts = {("view", "item-0"): 2, ("view", "item-1"): 2, ("view", "item-2"): 1}
    assert store.item_counts(20_000) == counts | {("impression", "x"): 1}
    assert store.item_counts(19_999) == {}


@pytest.fixture
def in_redis(redis_url):
    """A store, and the server in which it lies."""
    store = RedisUserStates(redis_url, prefix=uuid.uuid4().hex)
    with redis.Redis.from_url(redis_url) as server:
        yield store, server
    store.close()


def test_redis_forgets_the_counts_of_every_day_in_time(in_redis):
    store, server = in_redis
    days = [Event("a", "view", START + n * 86_400) for n in range(3)]
    store.append({"ann": [LiveEvent(f"e{n}", (one,)) for n, one in enumerate(days)]})
    settle(store, ["ann"])
    kept = [server.ttl(f"{store._prefix}:items:{20_000 + n}") for n in range(3)]
    assert all(COUNTS_KEPT_SECONDS - 60 < seconds <= COUNTS_KEPT_SECONDS for seconds in kept)


def test_redis_keeps_no_live_event_that_the_record_holds(in_redis):
    store, server = in_redis
    for one in LIVE[:3]:
        store.append({"ann": [one]})
    key = store._key("ann")
    assert set(server.hkeys(key)) == {b"version", b"live", b"1", b"2", b"3"}
    settle(store, ["ann"])
    assert set(server.hkeys(key)) == {b"version", b"live", b"record"}


def test_live_events_that_an_earlier_version_appended_to_the_record_are_read(in_redis):
    store, server = in_redis
    store.publish(Publication(SETTINGS))
    earlier = {"version": 1, "record": encode_live(LIVE[:2]), "live": 2}
    server.hset(store._key("ann"), mapping=earlier)
    server.sadd(f"{store._prefix}:live", "ann")
    assert store.append({"ann": LIVE[2:4]}) == {"ann": 4}
    for _ in range(2):
        assert store.read(["ann"])[0][0].state == in_order(LIVE[:4])[0]
        settle(store, store.users_with_live(10))
    assert sum(store.item_counts(20_000).values()) == 4


def test_of_two_events_with_one_name_the_first_to_come_counts(store):
    store.publish(Publication(SETTINGS))
    several = [LiveEvent("same", (Event(f"item-{n}", "view", START),)) for n in range(12)]
    for one in several:
        store.append({"ann": [one]})
    assert store.read(["ann"])[0][0].state == in_order(several[:1])[0]


@pytest.mark.parametrize("settled", [False, True])
def test_a_version_grows_with_each_write(store, settled):
    versions = []
    for one in LIVE[:3]:
        store.append({"ann": [one]})
        versions.append(store.read(["ann"])[0][0].version)
        if settled:
            settle(store, ["ann"])
    assert versions == sorted(set(versions))
    assert record_event(store, "ann", Event("own", "view", START + 99)) > versions[-1]
    assert len(store.read(["ann"])[0][0].state.events) == 4
