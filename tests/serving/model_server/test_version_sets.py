"""Several versions at once: by policy, by number and by label."""

from __future__ import annotations

import shutil
import sys
import threading

import pytest

from serving.model_server.errors import RequestError
from serving.model_server.version_policy import ALL, latest, specific
from serving.model_server.version_state import State
from tests.serving.model_server.world import World


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
