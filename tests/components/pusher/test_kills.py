"""SIGKILL at every step that changes the disk: nothing bad is seen, and a re-run does it once."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.pusher import labels, manifest
from components.pusher.destination import versions
from components.pusher.labels import Rollout
from components.pusher.promotion import promote
from components.pusher.rollback import UNREPORTED_FILE, roll_back
from serving.model_server.base_path import find_versions

NOW = 1_700_000_000
OLD = {NOW - 3: b"first", NOW - 2: b"second", NOW - 1: b"third"}
ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def killer(action, model, destination, *, now=NOW):
    """A function: step -> how a process ended that was to be killed at that step."""
    script = Path(__file__).with_name("killed.py")
    process = subprocess.Popen(
        [sys.executable, *map(str, (script, action, model, destination, now))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    def run(step):
        process.stdin.write(f"{step}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    try:
        yield run
    finally:
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdout.close()


@pytest.fixture
def served(push, destination):
    """Three served versions, and a copy of their folder to start each try from."""
    for version, content in OLD.items():
        push(content, now=version)
    template = destination.with_name("template")
    shutil.copytree(destination, template)
    return template


def steps(action, model, destination, template):
    """Yields each step after the process was killed there, and at last None: it finished."""
    with killer(action, model, destination) as run:
        for step in range(10_000):
            shutil.rmtree(destination)
            shutil.copytree(template, destination)
            if (ended := run(step)) == "finished":
                yield None
                return
            assert ended == "killed"
            yield step


def contents(destination):
    """What a server sees: version -> its one-word content, or None where it is not whole."""
    return {
        version: _word(path) if manifest.is_intact(path) else None
        for version, path in find_versions(destination).items()
    }


def _word(path):
    return (path / "saved_model.pb").read_bytes()


def leftovers(destination):
    return {p.name for p in destination.iterdir() if not p.name.isdecimal()} - {
        ".lock",
        labels.LABELS_FILE,
    }


def test_push_killed_at_every_step(push, make_model, destination, served):
    model, seen, states = make_model(b"new"), 0, set()
    for step in steps("publish", model, destination, served):
        visible = contents(destination)
        allowed = {**OLD, NOW: b"new"}
        assert visible.items() <= allowed.items(), step  # whole versions only
        assert {NOW - 2: b"second", NOW - 1: b"third"}.items() <= visible.items(), step
        given = set(labels.read(destination).values())
        assert given <= set(visible), step  # a label points to a version that is there
        seen, states = seen + 1, states | {(frozenset(visible), frozenset(given))}
        again = push(b"new", now=NOW + 60)
        expected = {NOW - 2: b"second", NOW - 1: b"third", again.version: b"new"}
        assert contents(destination) == expected, step  # exactly once
        assert set(labels.read(destination).values()) == {again.version}, step
        assert leftovers(destination) == set(), step
    assert seen > 50
    assert len(states) >= 5  # before; visible; canary; stable; the oldest removed


@pytest.mark.parametrize("to", [None, NOW - 2])
def test_rollback_killed_at_every_step(destination, served, to):
    action, late = "roll_back" if to is None else "roll_back_to", 0
    for step in steps(action, destination, destination, served):
        visible = contents(destination)
        assert visible.items() <= {**OLD, NOW: b"second"}.items(), step
        assert visible.keys() >= OLD.keys(), step
        labelled = set(labels.read(destination).values()) == {NOW}
        unreported = (destination / UNREPORTED_FILE).exists()
        late += labelled and unreported
        if to is not None or not labelled or unreported:
            assert roll_back(destination, to=to, now=NOW + 60).target == NOW - 2, step
            assert leftovers(destination) == set(), step
        assert sorted(contents(destination).values()) == [b"first", b"second", b"second", b"third"]
        newest = max(contents(destination))
        assert contents(destination)[newest] == b"second", step
        assert set(labels.read(destination).values()) == {newest}, step
    assert late >= 2  # all was done, and nobody had been told


def test_promotion_killed_at_every_step(push, destination, served):
    push(b"new", now=NOW, rollout=Rollout.CANARY)
    shutil.rmtree(served)
    shutil.copytree(destination, served)
    for step in steps("promote", destination, destination, served):
        assert labels.read(destination)["canary"] == NOW, step
        assert labels.read(destination)["stable"] in (NOW - 1, NOW), step
        assert promote(destination).now == NOW
        assert labels.read(destination) == {"canary": NOW, "stable": NOW}, step


def test_a_pusher_that_copies_in_place_fails_the_same_test(make_model, destination, served):
    model, half = make_model(b"new"), 0
    for _ in steps("naive", model, destination, served):
        path = find_versions(destination).get(NOW)
        half += path is not None and manifest.digests(path) != manifest.digests(model)
    assert half > 0  # a server has seen a version that is not whole


def test_a_half_copied_version_is_not_seen_and_the_next_push_goes_above_it(push, destination):
    push(b"first", now=NOW)
    half = destination / str(NOW + 5) / "variables"
    half.mkdir(parents=True)
    (half / "variables.index").write_bytes(b"fi")
    assert set(find_versions(destination)) == {NOW}
    assert push(b"second", now=NOW + 1).version == NOW + 6
    assert versions(destination)[-1] == NOW + 6
