import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.pusher import manifest, publish
from components.pusher.publish import PublishError, versions

NOW = 1_700_000_000


@pytest.fixture
def model(tmp_path):
    return _model(tmp_path / "model", b"first")


def _model(folder, content):
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(content)
    (folder / "variables" / "variables.index").write_bytes(content * 3)
    return folder


def _publish(model, destination, *, now=NOW, keep=3, extra=None):
    return publish.publish(model, destination, extra_files=extra or {}, now=now, keep=keep)


def _hidden(destination):
    return [p.name for p in destination.iterdir() if p.name.startswith((".staging", ".retired"))]


def test_a_version_holds_the_model_the_extra_files_and_a_manifest(model, tmp_path):
    warm_up = tmp_path / "requests"
    warm_up.write_bytes(b"warm")
    destination = tmp_path / "serving"
    published = _publish(model, destination, extra={"assets.extra/warm": warm_up})
    assert published.path == destination / str(NOW)
    assert (published.path / "assets.extra" / "warm").read_bytes() == b"warm"
    assert (published.path / "variables" / "variables.index").read_bytes() == b"first" * 3
    listed = manifest.read(published.path)
    assert listed == published.files == manifest.digests(published.path)
    assert set(listed) == {"saved_model.pb", "variables/variables.index", "assets.extra/warm"}
    assert listed["assets.extra/warm"] == manifest.sha256(warm_up)
    assert _hidden(destination) == []


def test_a_manifest_notices_a_changed_a_missing_and_an_added_file(model, tmp_path):
    version = _publish(model, tmp_path / "serving").path
    assert manifest.is_intact(version)
    original = (version / "saved_model.pb").read_bytes()
    (version / "saved_model.pb").write_bytes(b"x" + original[1:])
    assert not manifest.is_intact(version)
    (version / "saved_model.pb").write_bytes(original)
    (version / "more").touch()
    assert not manifest.is_intact(version)
    (version / "more").unlink()
    (version / "variables" / "variables.index").unlink()
    assert not manifest.is_intact(version)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 3}', '{"version": 1}'])
def test_an_unreadable_manifest_is_none(tmp_path, content):
    (tmp_path / manifest.MANIFEST_FILE).write_text(content)
    assert manifest.read(tmp_path) is None


def test_versions_only_rise(model, tmp_path):
    destination = tmp_path / "serving"
    other = _model(tmp_path / "other", b"second")
    third = _model(tmp_path / "third", b"third")
    assert _publish(model, destination, now=NOW).version == NOW
    assert _publish(other, destination, now=NOW).version == NOW + 1  # within one second
    assert _publish(third, destination, now=NOW - 999).version == NOW + 2  # a clock set back
    assert versions(destination) == [NOW, NOW + 1, NOW + 2]


def test_the_same_model_again_is_the_same_version(model, tmp_path):
    destination = tmp_path / "serving"
    first = _publish(model, destination, now=NOW)
    again = _publish(model, destination, now=NOW + 60)
    assert again == first
    assert versions(destination) == [NOW]


def test_an_older_model_again_is_a_new_version(model, tmp_path):
    destination = tmp_path / "serving"
    _publish(model, destination, now=NOW)
    _publish(_model(tmp_path / "other", b"second"), destination, now=NOW + 1)
    assert _publish(model, destination, now=NOW + 2).version == NOW + 2


def test_a_damaged_newest_version_is_replaced(model, tmp_path):
    destination = tmp_path / "serving"
    first = _publish(model, destination, now=NOW)
    (first.path / "saved_model.pb").write_bytes(b"rotten")
    assert _publish(model, destination, now=NOW).version == NOW + 1


def test_the_newest_versions_stay(tmp_path):
    destination = tmp_path / "serving"
    for i in range(5):
        model = _model(tmp_path / f"model{i}", b"%d" % i)
        _publish(model, destination, now=NOW + i, keep=3)
    assert versions(destination) == [NOW + 2, NOW + 3, NOW + 4]
    assert _hidden(destination) == []


def test_other_things_in_the_destination_stay(model, tmp_path):
    destination = tmp_path / "serving"
    (destination / "notes").mkdir(parents=True)
    (destination / "notes" / "read.me").touch()
    _publish(model, destination, keep=1)
    assert (destination / "notes" / "read.me").exists()


def test_a_copy_that_differs_is_not_published(model, tmp_path, monkeypatch):
    def rotten(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr(publish, "copy_file", rotten)
    destination = tmp_path / "serving"
    with pytest.raises(PublishError, match="must equal the original"):
        _publish(model, destination)
    assert versions(destination) == []
    monkeypatch.undo()
    _publish(model, destination)
    assert _hidden(destination) == []


SLOW_PUSH = """
import sys, time
from pathlib import Path
from components.pusher import publish

copy = publish.copy_file
copied = 0

def slow(source, target):
    global copied
    if copied == int(sys.argv[3]):
        print("halfway", flush=True)
        time.sleep(int(sys.argv[4]))
    copied += 1
    copy(source, target)

publish.copy_file = slow
model, destination = map(Path, sys.argv[1:3])
publish.publish(model, destination, extra_files={}, now=int(sys.argv[5]), keep=3)
"""


def _slow_push(model, destination, *, after, seconds):
    """A push in a process of its own that waits before copying another file; it has begun."""
    arguments = [model, destination, after, seconds, NOW]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_PUSH, *map(str, arguments)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout.readline() == b"halfway\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 1])
def test_killed_halfway_nothing_is_visible_and_the_next_push_publishes_once(tmp_path, after):
    served = _model(tmp_path / "served", b"served")
    destination = tmp_path / "serving"
    old = _publish(served, destination, now=NOW - 100)
    model = _model(tmp_path / "model", b"new")
    process = _slow_push(model, destination, after=after, seconds=60)
    assert versions(destination) == [old.version]  # half copied, and invisible
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert versions(destination) == [old.version]
    assert manifest.is_intact(old.path)
    assert len(_hidden(destination)) == 1
    published = _publish(model, destination, now=NOW)
    assert versions(destination) == [old.version, published.version]
    assert manifest.is_intact(published.path)
    assert _hidden(destination) == []


@pytest.mark.slow
def test_pushes_wait_for_each_other(tmp_path):
    destination = tmp_path / "serving"
    slow, quick = _model(tmp_path / "slow", b"slow"), _model(tmp_path / "quick", b"quick")
    process = _slow_push(slow, destination, after=1, seconds=2)
    started = time.monotonic()
    published = _publish(quick, destination, now=NOW)
    assert time.monotonic() - started > 1  # it neither swept the other's staging nor overtook it
    assert process.wait() == 0
    assert versions(destination) == [NOW, NOW + 1]
    assert published.version == NOW + 1
