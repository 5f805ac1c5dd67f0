"""What each store promises: versions that grow, and no write lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from itertools import chain
from pathlib import Path

import pytest

from serving.user_state.live import LiveEvent
from serving.user_state.record import (
    NOTHING_PUBLISHED,
    UNKNOWN,
    Publication,
    UserRecord,
    UserStateError,
)
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates
from serving.user_state.store import record_event
from transform.state import EMPTY, Event, FoldSettings, apply
from transform.windows import UserWindow

ROOT = Path(__file__).parents[3]
PUBLICATION = Publication(
    FoldSettings(max_history=3, windows=(UserWindow("views", 3600, "view"),)),
    {"shop_views": 2.0},
    ("apple", "bread"),
)


def events(count):
    return [Event(f"item-{n}", "view", 100 + n) for n in range(count)]


def test_an_unknown_user_is_an_empty_record(store):
    assert store.read(["nobody", "ann"]) == ([UNKNOWN, UNKNOWN], NOTHING_PUBLISHED)
    assert store.read([]) == ([], NOTHING_PUBLISHED)


def test_events_are_folded_with_what_was_published(store, connect):
    store.publish(PUBLICATION)
    state = EMPTY
    for version, event in enumerate(events(5), start=1):
        assert record_event(store, "ann", event) == version
        state = apply(state, event, PUBLICATION.settings)
    assert len(state.events) == 3
    assert connect().read(["bob", "ann"]) == ([UNKNOWN, UserRecord(5, state)], PUBLICATION)


def test_an_append_is_on_the_disk_before_the_stream_forgets_the_events(tmp_path, monkeypatch):
    store = SqliteUserStates(tmp_path / "users.sqlite")
    found, told = store._found, []

    def asked(user_id):
        [level] = store._connection.execute("PRAGMA synchronous").fetchone()
        told.append(level)
        return found(user_id)

    monkeypatch.setattr(store, "_found", asked)
    store.append({"ann": [LiveEvent("e1", (Event("item", "view", 100),))]})
    record_event(store, "bob", Event("item", "view", 100))
    store.close()
    full, normal = 2, 1
    assert told == [full, normal]


def test_a_new_publication_is_seen_by_open_stores(store, connect):
    other = connect()
    for publication in (PUBLICATION, Publication(popular_item_id=("eggs",)), PUBLICATION):
        store.publish(publication)
        assert other.read([])[1] == publication


def test_what_does_not_change_is_not_written(store):
    record_event(store, "ann", events(1)[0])
    assert store.update(["ann", "bob"], lambda user_id, record, _: record) == [1, 0]


def test_many_users_change_in_one_call(store):
    features = {"ann": {"age": 30.0}, "bob": {"city": "Oslo"}}
    change = lambda user_id, record, _: UserRecord(77, record.state, features[user_id])  # noqa: E731
    assert store.update(["ann", "bob"], change) == [1, 1]
    assert store.read(["bob", "ann"])[0] == [
        UserRecord(1, EMPTY, features["bob"]),
        UserRecord(1, EMPTY, features["ann"]),
    ]


def careless(store, user_id, event):
    """What a store must not do: read, think, write."""
    [record], _ = store.read([user_id])
    threading.Event().wait(0.001)
    state = apply(record.state, event)
    store.update([user_id], lambda *_: UserRecord(0, state))


@pytest.mark.parametrize(("write", "loses"), [(record_event, False), (careless, True)])
def test_writers_that_meet_lose_nothing(connect, write, loses):
    writers, each = 4, 25
    versions = [[] for _ in range(writers)]

    def work(number, store):
        for event in events(each):
            own = event._replace(item_id=f"{number}-{event.item_id}")
            versions[number].append(write(store, "ann", own))

    threads = [threading.Thread(target=work, args=(n, connect())) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [record], _ = connect().read(["ann"])
    assert record.version == writers * each
    assert (len(record.state.events) < writers * each) is loses
    if not loses:
        assert sorted(chain(*versions)) == list(range(1, writers * each + 1))
        assert all(own == sorted(own) for own in versions)


def test_a_change_that_fails_leaves_everything_as_it_was(store):
    def fail(user_id, record, _):
        if user_id == "bob":
            raise ZeroDivisionError
        return UserRecord(0, EMPTY, {"age": 1})

    with pytest.raises(ZeroDivisionError):
        store.update(["ann", "bob"], fail)
    assert store.read(["ann"])[0] == [UNKNOWN]
    assert record_event(store, "ann", events(1)[0]) == 1


WRITER = """
import sys
from pathlib import Path
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates
from serving.user_state.store import record_event
from transform.state import Event
kind, place = sys.argv[1:]
store = SqliteUserStates(Path(place)) if kind == "sqlite" else RedisUserStates(place, "killed")
while True:
    version = record_event(store, "ann", Event("apple", "view", 7))
    print(version, flush=True)
"""


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_writer_that_is_killed_loses_nothing_it_was_promised(kind, request, tmp_path):
    place = str(tmp_path / "u.sqlite") if kind == "sqlite" else request.getfixturevalue("redis_url")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, kind, place], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for _ in range(50):
        assert writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    promised = 50 + len(writer.stdout.readlines())
    writer.wait()
    store = SqliteUserStates(place) if kind == "sqlite" else RedisUserStates(place, "killed")
    [record], _ = store.read(["ann"])
    assert record.version in (promised, promised + 1)
    assert len(record.state.events) == record.version
    store.close()


def test_a_file_that_is_no_store_is_told(tmp_path):
    path = tmp_path / "users.sqlite"
    path.write_bytes(b"not a database, by far" * 100)
    with pytest.raises(UserStateError, match=r"must be an SQLite file .* received .*users\.sqlite"):
        SqliteUserStates(path)


def test_a_store_that_another_holds_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.sqlite_file._WAIT_SECONDS", 0.1)
    store = SqliteUserStates(tmp_path / "users.sqlite")
    other = sqlite3.connect(tmp_path / "users.sqlite")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserStateError, match="database is locked"):
        record_event(store, "ann", events(1)[0])
    other.rollback()
    other.close()
    assert record_event(store, "ann", events(1)[0]) == 1
    store.close()


def test_a_redis_that_is_down_is_told_without_its_password():
    store = RedisUserStates("redis://:hush@127.0.0.1:1/0", timeout_s=0.2)
    with pytest.raises(UserStateError, match=r"the one at 127\.0\.0\.1:1 does not") as told:
        store.read(["ann"])
    assert "hush" not in str(told.value)


def test_a_redis_that_comes_back_is_used_again(redis_server):
    store = RedisUserStates(redis_server.url, timeout_s=0.5)
    assert record_event(store, "ann", events(2)[0]) == 1
    redis_server.kill()
    for call in (lambda: store.read(["ann"]), lambda: record_event(store, "ann", events(2)[1])):
        with pytest.raises(UserStateError, match=f"the one at 127.0.0.1:{redis_server.port}"):
            call()
    redis_server.start()
    assert store.read(["ann"])[0][0].version == 1
    assert record_event(store, "ann", events(2)[1]) == 2
    store.close()


def test_a_redis_that_hangs_is_given_up(redis_server):
    store = RedisUserStates(redis_server.url, timeout_s=0.3)
    store.read(["ann"])
    redis_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(UserStateError, match="Timeout"):
        store.read(["ann"])
    assert time.monotonic() - began < 10.0
    redis_server.process.send_signal(signal.SIGCONT)
    assert store.read(["ann"])[0] == [UNKNOWN]
    store.close()


def test_something_else_under_the_publication_is_told(redis_url):
    store = RedisUserStates(redis_url, "odd")
    store._redis.set("odd:publication", b'{"settings": 3}')
    with pytest.raises(UserStateError, match=r"how its states are folded, received b'\{"):
        store.read([])
    store.close()
