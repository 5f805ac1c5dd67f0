"""Through the stream: states, item counts and the log are those of a batch replay."""

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.query import Recommendation
from serving.stream.compactor import Compactor
from serving.stream.consumer import Consumer, live_event
from serving.stream.exposure_log import ExposureLog
from serving.stream.log_files import EventLogFiles, LogError
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.parsing import LATE, NO_JSON
from serving.stream.queue import DeadLetter, Entry
from serving.stream.redis_queue import RedisQueue
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_flows import UserList
from serving.user_state.sqlite_store import SqliteUserStates
from tests.serving.stream.replay import (
    CATEGORIES,
    DEVICE,
    GENRES,
    PUBLICATION,
    counts_of,
    events_of,
    states_of,
)
from tests.waiting import wait_until
from transform.reading.event_rows import FUTURE

NOW = int(time.time())
DAY = 86_400


def send(queue, messages):
    queue.append([(message.user_id, to_bytes(message)) for message in messages])


def consume(queue, store, **more):
    consumer = Consumer(queue, store, CATEGORIES, **more)
    consumer.run(until_idle=True)
    return consumer.consumed


def compact(queue, folder):
    files = EventLogFiles(folder, "impression", [DEVICE])
    Compactor(queue, files).flush()
    files.close()


def assert_equal_to_a_replay(store, log):
    """The states and the counts of items that are stored, against those of the log."""
    events = events_of(log, time.time())
    states = states_of(events)
    found, _ = store.read(list(states))
    assert {user: one.state for user, one in zip(states, found, strict=True)} == states
    counts = Counter()
    for day in set(events["event_time"] // DAY):
        counts.update({(day, *what): n for what, n in store.item_counts(day).items()})
    assert counts == counts_of(events)
    return events


@st.composite
def messages(draw):
    """Events with different names, in the order of their names; many share their second."""
    times = st.integers(0, 4) | st.integers(-6 * DAY, DAY // 2)
    found = []
    for number in range(draw(st.integers(1, 25))):
        user, at = draw(st.sampled_from(["u1", "u2", "ü"])), NOW + draw(times)
        name = f"{number:02x}"
        if draw(st.booleans()):
            items = draw(st.lists(st.sampled_from(sorted(GENRES)), min_size=1, unique=True))
            found.append(Exposure(name, user, at, tuple(items), source="model", model_version=3))
        else:
            kind, item = draw(st.sampled_from(["view", "buy"])), draw(st.sampled_from("abcd"))
            found.append(Outcome(name, user, item, kind, at, context={"device": "phone"}))
    return found


@given(messages(), st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_late_repeated_and_disordered_events_end_as_a_replay_of_the_log(sent, data):
    repeated = sent + data.draw(st.lists(st.sampled_from(sent), max_size=5))
    arriving = data.draw(st.permutations(repeated))
    cut = data.draw(st.integers(0, len(arriving)))
    # Where most rows are repeated ones, the reader takes no `event_id` for the name of an event.
    others = [Outcome(f"other-{n}", "other", "a", "view", NOW) for n in range(40)]
    with TemporaryDirectory() as folder:
        home = Path(folder)
        queue, store = SqliteQueue(home / "events"), SqliteUserStates(home / "users")
        store.publish(PUBLICATION)
        send(queue, [*others, *arriving[:cut]])
        consume(queue, store)
        send(queue, arriving[cut:])
        if data.draw(st.booleans()):  # one dies after it has applied, before it acknowledges
            dying = Consumer(queue, store, CATEGORIES)
            store.append(dying._sorted(queue.scan(0, None, 100))[0])
        consume(queue, store)
        compact(queue, home / "log")
        assert_equal_to_a_replay(store, home / "log")
        queue.close()
        store.close()


def test_what_is_shown_and_done_today_is_in_the_log_of_tomorrow(queue, store, tmp_path):
    store.publish(PUBLICATION)
    log = ExposureLog(queue)
    items = tuple(Recommendation(item, 0.5, 0.1) for item in "abc")
    context = {"device": "phone"}
    shown = log.shown("ann", UserList(items, "model", 7, 3, arm="x=blue"), context=context, at=NOW)
    popular = UserList((Recommendation("d", float("nan"), float("nan")),), "fallback", None, 1)
    fallback = log.shown("bob", popular, propensities=[0.25], at=NOW)
    drafted = UserList(items[:1], "model", 7, 3, arm="x=blue", teams={"a": "y=new"})
    log.shown("eve", drafted, at=NOW, request_id="drafted")
    done = log.happened("ann", "b", "view", request_id=shown, context=context, at=NOW + 9)
    compact(queue, tmp_path / "log")
    rows = events_of(tmp_path / "log", NOW + 60).sort("event_id").to_dicts()
    assert len({shown, fallback, done}) == 3
    expected = [
        ("ann", item, NOW, "impression", f"{shown}#{place}", shown, place, "phone")
        for place, item in enumerate("abc")
    ]
    expected.append(("eve", "a", NOW, "impression", "drafted#0", "drafted", 0, None))
    expected.append(("bob", "d", NOW, "impression", f"{fallback}#0", fallback, 0, None))
    expected.append(("ann", "b", NOW + 9, "view", done, shown, None, "phone"))
    names = ("user_id", "item_id", "event_time", "event_type", "event_id", "request_id")
    seen = [tuple(row[name] for name in (*names, "position", "device")) for row in rows]
    assert sorted(seen, key=str) == sorted(expected, key=str)
    more = pl.read_parquet(tmp_path / "log" / "dt=*" / "*").filter(event_type="impression")
    columns = ("user_id", "score", "propensity", "model_version", "source", "arm")
    assert sorted(more.select(columns).rows()) == [
        *[("ann", 0.5, None, 7, "model", "x=blue")] * 3,
        ("bob", None, 0.25, None, "fallback", None),
        ("eve", 0.5, None, 7, "model", "x=blue;y=new"),
    ]


def test_the_log_keeps_the_probabilities_that_the_model_gave(queue, store, tmp_path):
    store.publish(PUBLICATION)
    log = ExposureLog(queue)
    items = tuple(Recommendation(item, 0.5, 0.1, 0.9) for item in "ab")
    mixed = (items[0], Recommendation("c", 0.5, 0.1))
    own = {"chosen": [0.5, 0.25], "none": ()}
    log.shown("model", UserList(items, "model", 7, 3), at=NOW)
    log.shown("mixed", UserList(mixed, "model", 7, 3), at=NOW)
    for user, propensities in own.items():
        log.shown(user, UserList(items, "model", 7, 3), propensities=propensities, at=NOW)
    compact(queue, tmp_path / "log")
    rows = pl.read_parquet(tmp_path / "log" / "dt=*" / "*").sort("user_id", "position")
    found = {user: part["propensity"].to_list() for (user,), part in rows.group_by("user_id")}
    assert found == {
        "model": [0.9, 0.9],
        "mixed": [None, None],
        "chosen": [0.5, 0.25],
        "none": [None, None],
    }


def test_a_malformed_event_is_kept_with_its_reason_and_the_stream_goes_on(queue, store, tmp_path):
    good = [Outcome(f"e{n}", "ann", "a", "view", NOW - n) for n in range(3)]
    bad = [
        (b"not JSON", NO_JSON),
        (to_bytes(Outcome("f", "ann", "a", "view", NOW + 2 * DAY)), FUTURE),
        (to_bytes(Outcome("l", "ann", "a", "view", NOW - 8 * DAY)), LATE),
    ]
    store.publish(PUBLICATION)
    for one, (payload, _) in zip(good, bad, strict=True):
        send(queue, [one])
        queue.append([("ann", payload)])
    done = consume(queue, store)
    assert (done.entries, done.events, done.dead) == (6, 3, 3)
    letters = queue.dead_letters()
    assert [(letter.entry.payload, letter.reason) for letter in letters] == bad
    queue.acknowledge([letter.entry for letter in letters], letters)
    assert queue.dead_letters() == letters
    compact(queue, tmp_path / "log")
    assert len(assert_equal_to_a_replay(store, tmp_path / "log")) == 3


@pytest.mark.parametrize("change", ["doubled", "lost"])
def test_the_comparison_finds_an_event_too_many_and_one_too_few(queue, store, tmp_path, change):
    """The negative control."""
    events = [Outcome(f"e{n}", "ann", "a", "view", NOW - n) for n in range(3)]
    store.publish(PUBLICATION)
    send(queue, events if change == "doubled" else events[:2])
    consume(queue, store)
    if change == "doubled":
        again = events[1]
        store.append({"ann": [live_event(replace(again, event_id="again"), "impression", {})]})
    else:
        send(queue, events[2:])
    compact(queue, tmp_path / "log")
    with pytest.raises(AssertionError):
        assert_equal_to_a_replay(store, tmp_path / "log")


def test_a_damaged_record_does_not_stop_the_stream(queue, store, caplog):
    send(queue, [Outcome("e", user, "a", "view", NOW) for user in ("ann", "bob")])
    damaged = b"\x08"
    if isinstance(queue, SqliteQueue):
        store._connection.execute("INSERT INTO users VALUES ('ann', 1, ?)", (damaged,))
    else:
        store._redis.hset(store._key("ann"), mapping={"version": 1, "record": damaged})
    consumer = Consumer(queue, store, CATEGORIES)
    consumer.run(until_idle=True)
    assert queue.backlog() == 0
    assert store.users_with_live(9) == ["ann"]
    assert len(store.read(["bob"])[0][0].state.events) == 1
    assert "left as it is: a stored state must be" in caplog.text


def test_a_stream_keeps_its_number_of_partitions(redis_url):
    first, other = (RedisQueue(redis_url, "parts", partitions=n) for n in (2, 3))
    send(first, [Outcome("e", "ann", "a", "view", NOW)])
    for act in (lambda: send(other, []), lambda: other.read([0], 1, 0.0)):
        with pytest.raises(ValueError, match="received 3, and 'parts' has 2"):
            act()
    for queue in (first, other):
        queue.close()


def test_consumers_share_the_partitions(place, store):
    queue = place.queue()
    if queue.partitions == 1:
        with pytest.raises(ValueError, match=r"received 0 of 2 for 1 partitions"):
            Consumer(queue, store, CATEGORIES, share=(0, 2))
        return
    send(queue, [Outcome("e", f"user-{n}", "a", "view", NOW) for n in range(60)])
    parts = [Consumer(place.queue(), store, CATEGORIES, share=(n, 3))._read(0.0) for n in range(3)]
    users = [{json.loads(entry.payload)["user_id"] for entry in entries} for entries in parts]
    assert sum(map(len, users)) == len(set.union(*users)) == 60
    assert all(len(some) > 5 for some in users)


def test_the_stream_forgets_what_is_both_consumed_and_in_the_log(queue, store, tmp_path):
    send(queue, [Outcome(f"e{n}", f"user-{n}", "a", "view", NOW) for n in range(10)])
    entries = lambda: sum(len(queue.scan(p, None, 99)) for p in range(queue.partitions))  # noqa: E731
    compact(queue, tmp_path / "log")
    assert (entries(), queue.backlog()) == (10, 10)
    consume(queue, store)
    assert (entries(), queue.backlog()) == (10, 0)
    send(queue, [Outcome("last", "user-1", "a", "view", NOW)])
    compact(queue, tmp_path / "log")
    assert (entries(), queue.backlog()) == (1, 1)
    assert len(events_of(tmp_path / "log", NOW + 60)) == 11


def test_the_log_is_brought_up_to_now_while_events_keep_coming(queue, tmp_path, monkeypatch):
    scan, coming = queue.scan, iter(range(100))

    def scanned(*asked):
        send(queue, [Outcome(f"late-{next(coming)}", "ann", "a", "view", NOW)])
        return scan(*asked)

    send(queue, [Outcome(f"e{n}", f"user-{n}", "a", "view", NOW) for n in range(10)])
    monkeypatch.setattr(queue, "scan", scanned)
    compact(queue, tmp_path / "log")
    assert len(events_of(tmp_path / "log", NOW + 60)) == 10
    monkeypatch.undo()
    compact(queue, tmp_path / "log")
    assert len(events_of(tmp_path / "log", NOW + 60)) == 10 + next(coming)


def test_a_compactor_that_catches_up_can_be_stopped_and_writes_as_it_goes(
    queue, tmp_path, monkeypatch
):
    def endless(partition, after, count, until=None):
        place = int(after or 0) + 1
        message = Outcome(f"e{place}", "ann", "a", "view", NOW)
        return [Entry(partition, str(place), NOW, to_bytes(message))]

    monkeypatch.setattr(queue, "scan", endless)
    monkeypatch.setattr(queue, "trim", lambda until: None)
    files = EventLogFiles(tmp_path / "log", "impression", [])
    compactor = Compactor(queue, files, entries=9)
    flushing = threading.Thread(target=compactor.flush, daemon=True)
    flushing.start()
    written = lambda: list((tmp_path / "log").glob("dt=*/*"))  # noqa: E731
    wait_until(lambda: len(written()) > 1)
    compactor.stop()
    flushing.join(60)
    assert not flushing.is_alive()
    assert compactor.waiting_since is None
    assert len(pl.read_parquet(written()[0])) <= 9 + queue.partitions
    files.close()


def test_dead_letters_are_not_trimmed_before_they_are_kept(queue, tmp_path):
    queue.append([("ann", b"{}")])
    compact(queue, tmp_path / "log")
    [entry] = queue.read(range(queue.partitions), 10, 0.0)
    queue.acknowledge([entry], [DeadLetter(entry, "odd")])
    assert queue.dead_letters() == [DeadLetter(entry, "odd")]
    assert queue.backlog() == 0


def test_a_log_has_one_writer(tmp_path):
    first = EventLogFiles(tmp_path / "log", "impression", [])
    with pytest.raises(LogError, match="one writer at a time"):
        EventLogFiles(tmp_path / "log", "impression", [])
    first.close()
    EventLogFiles(tmp_path / "log", "impression", []).close()


def test_a_file_is_of_one_day(queue, tmp_path, monkeypatch):
    clock = [NOW // DAY * DAY - 1]
    if isinstance(queue, SqliteQueue):
        monkeypatch.setattr(queue, "_clock", lambda: clock[0])
    else:
        add = queue._redis.xadd
        at = lambda some: [add(queue._key(0), {"e": p}, f"{clock[0]}000-*") for _, p in some]  # noqa: E731
        monkeypatch.setattr(queue, "append", at)
    for _ in range(2):
        send(queue, [Outcome(f"e{clock[0]}", "ann", "a", "view", clock[0])])
        clock[0] += 1
    compact(queue, tmp_path / "log")
    files = sorted((tmp_path / "log").glob("dt=*/*"))
    days = [time.strftime("%Y-%m-%d", time.gmtime(NOW // DAY * DAY + n)) for n in (-1, 0)]
    assert [file.parent.name for file in files] == [f"dt={day}" for day in days]
    assert len(events_of(tmp_path / "log", NOW)) == 2
