"""Loading, swapping and draining, with servables that only remember what was done to them."""

from __future__ import annotations

import logging
import shutil
import threading
import time

import pytest

from serving.model_server.errors import RequestError
from serving.model_server.version_state import State, VersionState
from serving.model_server.versions import ModelVersions
from tests.serving.model_server.world import FakeServable, World
from tests.waiting import wait_until


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
    world.versions.start(lambda: changes.append(world.versions.available_version))
    try:
        assert world.versions.available_version == 1
        with monkeypatch.context() as patch:
            patch.setattr(world.versions, "_close_drained", lambda: 1 / 0)
            time.sleep(0.1)
        world.push(2)
        wait_until(lambda: world.versions.available_version == 2, 10.0)
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


def test_stopping_does_not_wait_for_a_load_that_lasts(base_path, caplog):
    loading, over = threading.Event(), threading.Event()

    def load(path, version):
        if version == 2:
            loading.set()
            assert over.wait(60)
        return FakeServable(version, log)

    log = []
    versions = ModelVersions("toy", base_path, load, poll_seconds=0.05)
    for version in (1, 2):
        (base_path / str(version)).mkdir()
        (base_path / str(version) / "saved_model.pb").write_bytes(b"x")
        if version == 1:
            versions.start()
    assert loading.wait(60)
    began = time.monotonic()
    assert not versions.stop(0.5)
    assert time.monotonic() - began < 10
    assert "model 'toy' is not released: a version still loads" in caplog.text
    over.set()
    wait_until(lambda: versions.available_version == 2)
    assert versions.stop()
    assert log == ["close 1", "close 2"]


def test_what_was_stopped_loads_nothing_more(world):
    world.push(1)
    assert world.versions.stop()
    world.versions.poll()
    assert world.log == []


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
