"""A server that is started ahead: given out once, to whom it fits, and ended where nobody came."""

import contextlib
import dataclasses
from pathlib import Path

import pytest

from components.serving_validator import ahead, host
from components.serving_validator.ahead import Ahead, kept
from components.serving_validator.host import host_ahead, host_of
from serving.embedded import EmbeddedServerError

SERVED = Path("serving/3")


@dataclasses.dataclass(frozen=True)
class FakeServer:
    log_path: Path
    seen: list = dataclasses.field(default_factory=list)

    def end(self):
        self.seen.append("ended")

    def why_not_available(self, version, deadline_s):
        return ""


class Starter:
    """Starts fake servers, and notes what becomes of them."""

    def __init__(self):
        self.seen = []

    @contextlib.contextmanager
    def __call__(self, served, log):
        self.seen.append(("started", served))
        log.write_text("listening")
        try:
            yield FakeServer(log, self.seen), log.parent
        finally:
            self.seen.append("closed")


@pytest.fixture
def start():
    return Starter()


@pytest.fixture
def one(start, tmp_path):
    with kept(Ahead(SERVED, tmp_path / "ahead.log", start)):
        ahead.begin()
        yield


def test_the_first_who_asks_gets_it_with_its_log(one, start, tmp_path):
    log = tmp_path / "model_server.log"
    with ahead.taken(SERVED, log) as running:
        server, folder = running
        assert folder == tmp_path
        assert server.log_path == log
        assert log.read_text() == "listening"
        assert not (tmp_path / "ahead.log").exists()
        assert start.seen == [("started", SERVED)]
    assert start.seen == [("started", SERVED), "closed"]


def test_the_second_gets_none(one, tmp_path):
    with ahead.taken(SERVED, tmp_path / "a.log"):
        pass
    with ahead.taken(SERVED, tmp_path / "b.log") as running:
        assert running is None


def test_another_version_has_none(one, tmp_path):
    with ahead.taken(Path("serving/4"), tmp_path / "a.log") as running:
        assert running is None


def test_where_nobody_asks_it_is_ended(start, tmp_path):
    with kept(Ahead(SERVED, tmp_path / "ahead.log", start)):
        ahead.begin()
        ahead.begin()  # there is one already
    assert start.seen == [("started", SERVED), "ended", "closed"]
    assert list(tmp_path.iterdir()) == []
    with ahead.taken(SERVED, tmp_path / "a.log") as running:
        assert running is None


def test_it_is_ended_where_the_run_fails(start, tmp_path):
    def fail():
        ahead.begin()
        raise KeyError("planted")

    with pytest.raises(KeyError), kept(Ahead(SERVED, tmp_path / "ahead.log", start)):
        fail()
    assert start.seen[-1] == "closed"


def test_what_is_taken_is_closed_where_the_try_out_fails(one, start, tmp_path):
    with pytest.raises(KeyError), ahead.taken(SERVED, tmp_path / "a.log"):
        raise KeyError("planted")
    assert start.seen == [("started", SERVED), "closed"]


@pytest.mark.parametrize("error", [EmbeddedServerError, OSError])
def test_one_that_does_not_start_is_none(error, tmp_path):
    @contextlib.contextmanager
    def does_not_start(served, log):
        raise error("planted")
        yield

    with kept(Ahead(SERVED, tmp_path / "ahead.log", does_not_start)):
        ahead.begin()
        with ahead.taken(SERVED, tmp_path / "a.log") as running:
            assert running is None


def test_none_is_started_before_there_is_to_be_a_candidate(start, tmp_path):
    ahead.begin()  # none is kept
    with (
        kept(Ahead(SERVED, tmp_path / "ahead.log", start)),
        ahead.taken(SERVED, tmp_path / "a.log") as running,
    ):
        assert running is None
    assert start.seen == []


def test_its_log_stays_where_it_cannot_be_moved(start, tmp_path):
    log = tmp_path / "ahead.log"
    with kept(Ahead(SERVED, log, start)):
        ahead.begin()
        with ahead.taken(SERVED, tmp_path / "nowhere" / "a.log") as (server, _):
            assert server.log_path == log
    assert log.read_text() == "listening"


def test_a_try_out_takes_it_and_starts_none_of_its_own(start, tmp_path, monkeypatch):
    monkeypatch.setattr(host, "_started", start)
    log = tmp_path / "model_server.log"
    with host_ahead(SERVED, tmp_path / "ahead.log"):
        ahead.begin()
        with host_of(SERVED, log) as found:
            assert found.serves
            assert found.server.log_path == log
    assert start.seen == [("started", SERVED), "closed"]


def test_a_try_out_beside_another_version_starts_its_own(start, tmp_path, monkeypatch):
    monkeypatch.setattr(host, "_started", start)
    newer = Path("serving/4")
    with host_ahead(SERVED, tmp_path / "ahead.log"):
        ahead.begin()
        with host_of(newer, tmp_path / "a.log") as found:
            assert found.serves
    assert start.seen == [("started", SERVED), ("started", newer), "closed", "ended", "closed"]


def test_before_the_first_version_none_is_started(start, tmp_path, monkeypatch):
    monkeypatch.setattr(host, "_started", start)
    with host_ahead(None, tmp_path / "ahead.log"):
        ahead.begin()
    assert start.seen == []
