"""Loading, swapping and draining, with servables that only remember what was done to them."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.model_server.errors import RequestError
from serving.model_server.version_policy import ALL, latest, specific
from serving.model_server.version_state import State, VersionState
from serving.model_server.versions import ModelVersions


class FakeServable:
    def __init__(self, version: int, log: list[str]) -> None:
        self.version = version
        self.log = log

    def close(self) -> None:
        self.log.append(f"close {self.version}")


class World:
    """A base path, the versions that watch it, and a log of loads and closes."""

    def __init__(self, base_path: Path, **options: float) -> None:
        self.base_path = base_path
        self.log: list[str] = []
        self.broken: set[int] = set()
        self.versions = ModelVersions("toy", base_path, self._load, **options)

    def _load(self, path: Path, version: int) -> FakeServable:
        self.log.append(f"load {version}")
        if version in self.broken:
            raise OSError(f"{path.name} is broken")
        return FakeServable(version, self.log)

    def push(self, version: int, broken: bool = False) -> Path:
        if broken:
            self.broken.add(version)
        path = self.base_path / str(version)
        path.mkdir()
        (path / "saved_model.pb").write_bytes(b"x")
        return path

    def states(self) -> dict[int, State]:
        return {state.version: state.state for state in self.versions.states()}


@pytest.fixture
def world(base_path):
    return World(base_path)


def test_the_newest_version_is_served(world):
    for version in (2, 10, 9):
        world.push(version)
    world.versions.poll()
    with world.versions.acquire() as (version, servable):
        assert (version, servable.version) == (10, 10)
    assert world.log == ["load 10"]
    assert world.states() == {10: State.AVAILABLE}


def test_a_new_version_is_loaded_before_the_old_one_is_closed(world):
    world.push(1)
    world.versions.poll()
    world.push(2)
    world.versions.poll()
    assert world.log == ["load 1", "load 2", "close 1"]
    assert world.states() == {1: State.END, 2: State.AVAILABLE}


def test_a_call_in_flight_keeps_the_old_version_alive(world):
    world.push(1)
    world.versions.poll()
    with world.versions.acquire() as (_, in_flight):
        world.push(2)
        world.versions.poll()
        world.versions.poll()
        assert in_flight.version == 1
        assert "close 1" not in world.log
        assert world.states() == {1: State.UNLOADING, 2: State.AVAILABLE}
        with world.versions.acquire() as (version, _):
            assert version == 2
    world.versions.poll()
    assert world.log[-1] == "close 1"
    assert world.states() == {1: State.END, 2: State.AVAILABLE}


def test_a_version_that_fails_to_load_changes_nothing_for_callers(world, caplog):
    world.push(1)
    world.versions.poll()
    world.push(2, broken=True)
    with caplog.at_level(logging.ERROR):
        world.versions.poll()
    with world.versions.acquire() as (version, _):
        assert version == 1
    assert world.versions.states() == [
        VersionState(2, State.END, "OSError: 2 is broken"),
        VersionState(1, State.AVAILABLE),
    ]
    assert "version 2 of model 'toy' failed to load" in caplog.text


def test_the_next_good_version_replaces_a_broken_one(world):
    world.push(1)
    world.push(2, broken=True)
    world.versions.poll()
    world.push(3)
    world.versions.poll()
    assert world.states() == {1: State.END, 2: State.END, 3: State.AVAILABLE}


def test_with_nothing_served_an_older_version_stands_in_for_a_broken_one(world):
    world.push(1)
    world.push(2, broken=True)
    world.versions.poll()
    assert world.versions.available_version == 1


def test_an_unchanged_broken_version_is_left_alone_until_its_time(base_path):
    patient = World(base_path, load_retry_seconds=3600, max_load_retries=2)
    patient.push(1, broken=True)
    eager = World(base_path, load_retry_seconds=0.02, max_load_retries=2)
    eager.broken.add(1)
    for _ in range(5):
        patient.versions.poll()
        eager.versions.poll()
        time.sleep(0.03)
    assert patient.log == ["load 1"]
    assert eager.log == ["load 1"] * 3  # the first attempt and two more


def test_a_broken_version_is_tried_at_once_when_its_files_change(world):
    path = world.push(1, broken=True)
    world.versions.poll()
    world.broken.clear()
    world.versions.poll()
    assert world.versions.available_version is None  # control: nothing changed, nothing tried
    (path / "variables").write_bytes(b"the rest of the copy")
    world.versions.poll()
    assert world.versions.available_version == 1
    assert world.versions.states() == [VersionState(1, State.AVAILABLE)]


def test_removing_the_newest_version_goes_back_to_the_one_before(world):
    world.push(1)
    newest = world.push(2)
    world.versions.poll()
    shutil.rmtree(newest)
    world.versions.poll()
    assert world.log == ["load 2", "load 1", "close 2"]


def test_a_version_that_comes_back_while_it_drains_is_available(world):
    world.push(1)
    newest = world.push(2)
    world.versions.poll()
    with world.versions.acquire():
        shutil.rmtree(newest)
        world.versions.poll()
        world.push(2)
        world.versions.poll()
    world.versions.poll()
    assert world.states() == {1: State.END, 2: State.AVAILABLE}
    assert world.log.count("close 2") == 1


@pytest.mark.parametrize("gone", ["versions", "base path"])
def test_what_is_served_survives_the_loss_of_its_directory(world, caplog, gone):
    path = world.push(1)
    world.versions.poll()
    shutil.rmtree(path if gone == "versions" else world.base_path)
    for _ in range(3):
        world.versions.poll()
    assert world.versions.available_version == 1
    assert len(caplog.records) == 1  # said once, not at every poll
    assert str(world.base_path) in caplog.text


def test_nothing_available_is_not_found(world):
    world.push(1, broken=True)
    world.versions.poll()
    with pytest.raises(RequestError, match=r"'toy' has no version available\. Ask GetModel"):
        world.versions.acquire().__enter__()


def test_another_version_than_the_served_one_is_not_found(world):
    world.push(3)
    world.versions.poll()
    with world.versions.acquire(3) as (version, _):
        assert version == 3
    with pytest.raises(RequestError, match=r"version 2 of model 'toy' is not available; version 3"):
        world.versions.acquire(2).__enter__()


def test_a_failed_call_releases_the_servable(world):
    world.push(1)
    world.versions.poll()
    with pytest.raises(ZeroDivisionError), world.versions.acquire():
        _ = 1 / 0
    world.push(2)
    world.versions.poll()
    assert world.log[-1] == "close 1"


def test_the_watch_picks_up_a_version_by_itself_and_outlives_errors(base_path, monkeypatch):
    world = World(base_path, poll_seconds=0.02)
    world.push(1)
    changes: list[int | None] = []
    world.versions.on_change = lambda: changes.append(world.versions.available_version)
    world.versions.start()
    try:
        assert world.versions.available_version == 1
        with monkeypatch.context() as patch:
            patch.setattr(world.versions, "_close_drained", lambda: 1 / 0)
            time.sleep(0.1)
        world.push(2)
        deadline = time.monotonic() + 10
        while world.versions.available_version != 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        world.versions.stop()
    assert changes == [1, 2]
    assert world.log == ["load 1", "load 2", "close 1", "close 2"]


def test_a_poll_interval_of_zero_looks_once(base_path):
    world = World(base_path, poll_seconds=0)
    world.push(1)
    world.versions.start()
    world.push(2)
    time.sleep(0.1)
    assert world.versions.available_version == 1
    world.versions.stop()
    assert world.log == ["load 1", "close 1"]


def test_several_versions_answer_at_once_and_the_newest_when_none_is_named(base_path):
    world = World(base_path, policy=latest(2))
    for version in (1, 2, 3):
        world.push(version)
    world.versions.poll()
    assert world.log == ["load 3", "load 2"]
    for asked, answered in ((None, 3), (2, 2), (3, 3)):
        with world.versions.acquire(asked) as (version, servable):
            assert (version, servable.version) == (answered, answered)
    world.push(4)
    world.versions.poll()
    assert world.log[2:] == ["load 4", "close 2"]
    with pytest.raises(RequestError, match="version 2 of model 'toy' is not available; version 3"):
        world.versions.acquire(2).__enter__()


def test_all_versions_are_served_and_dropped_with_their_directories(base_path):
    world = World(base_path, policy=ALL)
    paths = {version: world.push(version) for version in (1, 2, 3)}
    world.versions.poll()
    assert world.versions.available_versions == {1, 2, 3}
    shutil.rmtree(paths[2])
    world.versions.poll()
    assert world.versions.available_versions == {1, 3}


def test_only_the_versions_named_are_served(base_path, caplog):
    world = World(base_path, policy=specific([1, 9]))
    for version in (1, 2):
        world.push(version)
    world.versions.poll()
    assert world.versions.available_versions == {1}
    world.versions.configure(base_path, specific([9]), {})
    world.versions.poll()
    assert world.versions.available_versions == {1}  # 9 is not there: better 1 than nothing
    assert "(policy: specific [9])" in caplog.text
    world.push(9)
    world.versions.poll()
    assert world.versions.available_versions == {9}


def test_another_base_path_is_taken_over_version_by_version(base_path, tmp_path):
    world = World(base_path)
    world.push(1)
    world.versions.poll()
    world.base_path = tmp_path / "elsewhere"
    world.base_path.mkdir()
    world.push(1)
    world.versions.configure(world.base_path, latest(1), {})
    with world.versions.acquire() as (_, first):
        world.versions.poll()
        with world.versions.acquire() as (version, second):
            assert version == 1
            assert second is not first
        assert "close 1" not in world.log
    world.versions.poll()
    assert world.log == ["load 1", "load 1", "close 1"]
    assert world.states() == {1: State.AVAILABLE}


def test_stopping_waits_for_the_calls_in_flight(world):
    world.push(1)
    world.versions.poll()
    call = world.versions.acquire()
    call.__enter__()
    stopping = threading.Thread(target=world.versions.stop, args=(30.0,))
    stopping.start()
    time.sleep(0.1)
    assert world.log == ["load 1"]
    call.__exit__(None, None, None)
    stopping.join(30)
    assert world.log == ["load 1", "close 1"]


@pytest.fixture
def eager_threads():
    """Threads that interrupt each other a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_threads")
def test_calls_by_a_label_never_fail_while_it_is_moved_and_its_old_version_dropped(base_path):
    world = World(base_path)
    world.push(1)
    world.push(2)
    world.versions.configure(base_path, ALL, {"stable": 1})
    world.versions.poll()
    failures, answered, stop = [], set(), threading.Event()

    def call():
        while not stop.is_set():
            try:
                with world.versions.acquire(label="stable") as (version, _):
                    answered.add(version)
            except RequestError as error:
                failures.append(error)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for at in range(200):
        goal = 1 + at % 2
        world.versions.configure(base_path, specific([goal]), {"stable": goal})
        world.versions.poll()
        world.versions.configure(base_path, ALL, {"stable": goal})
        world.versions.poll()
    stop.set()
    for caller in callers:
        caller.join()
    assert failures == []
    assert answered == {1, 2}
