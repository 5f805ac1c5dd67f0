"""A disk that fills up at any moment of a push, and a limit on the size of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.pusher import labels
from components.pusher.destination import versions
from serving.model_server.base_path import find_versions

NOW = 1_700_000_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
UNSHARED = ["unshare", "--user", "--map-root-user", "--mount"]

SMALL_FILES_PUSH = """
import resource
import sys
from pathlib import Path
from components.pusher.errors import PublishError
from components.pusher.labels import Rollout
from components.pusher.publish import publish

resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    publish(
        Path(sys.argv[1]), Path(sys.argv[2]), extra_files={}, now=int(sys.argv[3]), keep=3,
        rollout=Rollout.NEWEST,
    )
except PublishError as error:
    print(error)
"""


def _may_mount(folder):
    mount = [*UNSHARED, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


def test_disks_from_too_small_to_large_enough(make_model, tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    if not _may_mount(mount):
        pytest.skip("this machine lets no process mount a file system of its own")
    models = [str(make_model(content)) for content in (b"old", b"new")]  # 100 KiB each
    sizes = ["4", "220", "4"]
    script = str(Path(__file__).with_name("full_disk.py"))
    done = subprocess.run(
        [*UNSHARED, sys.executable, script, *models, str(mount), *sizes],
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
        check=True,
    )
    outcomes = set()
    for told in map(json.loads, done.stdout.splitlines()):
        _check(told)
        outcomes.add((len(told["first"]["versions"]), bool(told["said"])))
    # Too small for the first model, for its labels, for the second, for its; and large enough.
    assert outcomes == {(0, True), (1, True), (2, True), (2, False)}


def _check(told):
    seen, again, size = told["first"], told["again"], told["kib"]
    words = dict(zip(map(str, (NOW, NOW + 1)), ("old", "new"), strict=True))
    assert list(seen["versions"].items()) == list(words.items())[: len(seen["versions"])], size
    assert set(seen["labels"].values()) <= set(map(int, seen["versions"])), size
    assert seen["hidden"] == [], size  # the room is given back
    if told["said"]:
        assert "There must be room for one more version" in told["said"], size
        assert "the disk is full" in told["said"], size
        left = ("no version was added", "nothing was changed", "but has no label")
        assert any(words in told["said"] for words in left), size
    else:
        assert set(seen["labels"].values()) == {NOW + 1}, size
    assert sorted(again["versions"].values()) == ["new", "old"], size  # exactly once
    assert set(again["labels"].values()) == {max(map(int, again["versions"]))}, size
    assert again["hidden"] == [], size


def test_a_file_larger_than_the_process_may_write(push, make_model, destination):
    push(b"old")
    arguments = [str(make_model(b"new")), str(destination), str(NOW + 1)]
    done = subprocess.run(
        [sys.executable, "-c", SMALL_FILES_PUSH, *arguments],
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
        check=True,
    )
    assert "a file is larger than this process may write" in done.stdout
    assert "no version was added" in done.stdout
    assert set(find_versions(destination)) == {NOW}
    assert not [path.name for path in destination.iterdir() if path.name.startswith(".staging")]
    assert push(b"new", now=NOW + 2).version == NOW + 2
    assert versions(destination) == [NOW, NOW + 2]
    assert labels.read(destination) == {"canary": NOW + 2, "stable": NOW + 2}
