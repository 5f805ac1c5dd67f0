"""A person is gone from stream, states and log; everybody else is as before."""

import json
import threading
import time
from types import SimpleNamespace

import pytest

from serving.stream import erasure
from serving.stream.consumer import Consumer
from serving.stream.erasure import Erased, ErasureError, erase, hash_of, write_audit
from serving.stream.log_files import EventLogFiles
from serving.stream.messages import Exposure, Outcome
from serving.user_state.record import UNKNOWN
from tests.serving.stream.replay import CATEGORIES, DEVICE, PUBLICATION
from tests.serving.stream.test_stream import (
    compact,
    consume,
    events_of,
    send,
)

NOW = int(time.time())


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(erasure, "_PAUSE_SECONDS", 0.0)


def of(user, number):
    return [
        Exposure(f"r{number}", user, NOW, ("a", "b")),
        Outcome(f"e{number}", user, "a", "view", NOW + 1),
    ]


def everywhere(queue, store, folder):
    """The bytes of the stream, of the log, and of the files that SQLite keeps."""
    entries = [one for p in range(queue.partitions) for one in queue.scan(p, None, 999)]
    kept = [*entries, *(letter.entry for letter in queue.dead_letters())]
    files = b"".join(file.read_bytes() for file in folder.parent.rglob("*") if file.is_file())
    return b"".join(one.payload for one in kept) + files


def test_a_person_is_gone_and_the_others_stay(queue, store, tmp_path):
    store.publish(PUBLICATION)
    send(queue, [*of("leaving", 1), *of("staying", 2)])
    consume(queue, store)
    compact(queue, tmp_path / "log")
    send(queue, [*of("leaving", 3), *of("staying", 4)])
    queue.append([("leaving", b'{"user_id": "leaving"}'), ("leaving", b"{leaving"), ("x", b"{}")])
    consume(queue, store)
    assert b"leaving" in everywhere(queue, store, tmp_path / "log")  # the control
    files = EventLogFiles(tmp_path / "log", "impression", [DEVICE])
    before = files.positions
    assert erase(queue, store, files, "leaving") == Erased(1, 4, 2, 3)
    assert erase(queue, store, files, "leaving") == Erased(0, 0, 0, 0)
    files.close()
    assert b"leaving" not in everywhere(queue, store, tmp_path / "log")
    assert store.read(["leaving"])[0] == [UNKNOWN]
    assert len(queue.dead_letters()) == 1
    again = EventLogFiles(tmp_path / "log", "impression", [DEVICE])
    assert again.positions == before
    again.close()
    compact(queue, tmp_path / "log")
    events = events_of(tmp_path / "log", time.time())
    assert set(events["user_id"]) == {"staying"}
    assert len(events) == 6
    assert store.read(["staying"])[0][0].state.events


def test_who_keeps_sending_is_not_reported_as_gone(queue, store, tmp_path, monkeypatch):
    again = SimpleNamespace(
        sleep=lambda _: send(queue, [Outcome("e", "ann", "a", "view", NOW)]),
        monotonic=time.monotonic,
    )
    monkeypatch.setattr(erasure, "time", again)
    send(queue, of("ann", 1))
    files = EventLogFiles(tmp_path / "log", "impression", [])
    with pytest.raises(ErasureError, match="there were still new ones"):
        erase(queue, store, files, "ann")
    files.close()


@pytest.fixture
def files(tmp_path):
    opened = EventLogFiles(tmp_path / "log", "impression", [])
    yield opened
    opened.close()


def test_what_a_consumer_has_in_hand_is_waited_for(queue, store, files):
    send(queue, of("leaving", 1))
    consumer = Consumer(queue, store, CATEGORIES)
    applying = threading.Timer(0.5, consumer._apply, [consumer._read(0.0)])
    applying.start()
    assert erase(queue, store, files, "leaving") == Erased(1, 2, 0, 0)
    applying.join()
    assert store.read(["leaving"])[0] == [UNKNOWN]


def test_who_may_come_back_is_not_reported_as_gone(queue, store, files, monkeypatch):
    monkeypatch.setattr(erasure, "_HELD_SECONDS", 0.2)
    send(queue, of("leaving", 1))
    consumer = Consumer(queue, store, CATEGORIES)
    entries = consumer._read(0.0)
    for _ in "ab":  # what was removed from the stream is still in hand
        with pytest.raises(ErasureError, match="read and not acknowledged"):
            erase(queue, store, files, "leaving")
    consumer._apply(entries)
    assert store.read(["leaving"])[0] != [UNKNOWN]
    assert erase(queue, store, files, "leaving") == Erased(1, 0, 0, 0)
    assert store.read(["leaving"])[0] == [UNKNOWN]


def test_what_a_dead_consumer_had_in_hand_its_successor_settles(
    place, queue, store, files, monkeypatch
):
    monkeypatch.setattr(erasure, "_HELD_SECONDS", 0.2)
    send(queue, of("leaving", 1))
    Consumer(queue, store, CATEGORIES)._read(0.0)
    with pytest.raises(ErasureError):
        erase(queue, store, files, "leaving")
    consume(place.queue(), store)
    assert erase(queue, store, files, "leaving") == Erased(0, 0, 0, 0)


def test_the_record_names_nobody(tmp_path):
    path = tmp_path / "erasures.jsonl"
    for user in ("17", "ann"):
        write_audit(path, user, {"states": 1, "entries": 2, "rows": 4})
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["user"] == hash_of("17", bytes.fromhex(first["salt"]))
    assert first["user"] != hash_of("18", bytes.fromhex(first["salt"]))
    assert (second["states"], second["entries"], second["rows"]) == (1, 2, 4)
    assert "ann" not in path.read_text()
