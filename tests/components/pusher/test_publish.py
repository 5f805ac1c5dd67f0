import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.pusher import labels, manifest, publish
from components.pusher.destination import versions
from components.pusher.errors import PublishError

NOW = 1_700_000_000


def _hidden(destination):
    return [p.name for p in destination.iterdir() if p.name.startswith((".staging", ".retired"))]


def test_a_version_holds_the_model_the_extra_files_and_a_manifest(push, destination, tmp_path):
    warm_up = tmp_path / "requests"
    warm_up.write_bytes(b"warm")
    published = push(b"first", extra_files={"assets.extra/warm": warm_up})
    assert published.path == destination / str(NOW)
    assert (published.path / "assets.extra" / "warm").read_bytes() == b"warm"
    assert (published.path / "variables" / "variables.index").read_bytes() == b"first" * 3
    said = manifest.read(published.path)
    assert said == published.manifest
    assert (said.version, said.copy_of, said.origin) == (NOW, None, NOW)
    assert said.files == manifest.digests(published.path)
    assert set(said.files) == {
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data",
        "assets.extra/warm",
    }
    assert said.files["assets.extra/warm"] == manifest.sha256(warm_up)
    assert _hidden(destination) == []


def test_a_manifest_notices_a_changed_a_missing_and_an_added_file(push):
    version = push(b"first").path
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


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 1, "files": 3}', '{"version": 1}', '{"files": {}}', "\udcff"],
)
def test_an_unreadable_manifest_is_none(tmp_path, content):
    path = tmp_path / manifest.MANIFEST_FILE
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert manifest.read(tmp_path) is None
    assert not manifest.is_intact(tmp_path)


def test_versions_only_rise(push, destination):
    assert push(b"first", now=NOW).version == NOW
    assert push(b"second", now=NOW).version == NOW + 1  # within one second
    assert push(b"third", now=NOW - 999).version == NOW + 2  # a clock set back
    assert versions(destination) == [NOW, NOW + 1, NOW + 2]


def test_the_same_model_again_is_the_same_version(push, destination):
    first = push(b"first", now=NOW)
    assert push(b"first", now=NOW + 60) == first
    assert versions(destination) == [NOW]


def test_an_older_model_again_is_a_new_version(push):
    push(b"first", now=NOW)
    push(b"second", now=NOW + 1)
    assert push(b"first", now=NOW + 2).version == NOW + 2


def test_a_damaged_newest_version_is_replaced(push):
    first = push(b"first", now=NOW)
    (first.path / "saved_model.pb").write_bytes(b"rotten")
    assert push(b"first", now=NOW).version == NOW + 1


def test_other_things_in_the_destination_stay(push, destination):
    (destination / "notes").mkdir(parents=True)
    (destination / "notes" / "read.me").touch()
    push(b"first", keep=1)
    assert (destination / "notes" / "read.me").exists()


def test_a_copy_that_differs_is_not_published(push, destination, monkeypatch):
    def rotten(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr(publish, "copy_file", rotten)
    with pytest.raises(PublishError, match="must equal the original"):
        push(b"first")
    assert versions(destination) == []
    assert _hidden(destination) == []
    monkeypatch.undo()
    push(b"first")
    assert versions(destination) == [NOW]


def test_a_version_that_reads_back_wrong_after_the_rename_is_withdrawn(
    push, destination, monkeypatch
):
    push(b"first", now=NOW)
    sync = publish.sync_folder

    def rot(folder):
        """What is there after the rename is not what was written."""
        sync(folder)
        if folder == destination:
            (folder / str(NOW + 1) / "saved_model.pb").write_bytes(b"rotten")

    monkeypatch.setattr(publish, "sync_folder", rot)
    with pytest.raises(PublishError, match="must equal the original"):
        push(b"second", now=NOW + 1)
    assert versions(destination) == [NOW]
    assert labels.read(destination) == {"canary": NOW, "stable": NOW}
    assert _hidden(destination) == []


def test_unreadable_labels_are_refused_before_anything_is_done(push, destination):
    push(b"first", now=NOW)
    (destination / labels.LABELS_FILE).write_text("[]")
    with pytest.raises(PublishError, match="must hold the versions with a label"):
        push(b"second", now=NOW + 1)
    assert versions(destination) == [NOW]


SLOW_PUSH = """
import sys, time
from pathlib import Path
from components.pusher import publish
from components.pusher.labels import Rollout

copy = publish.copy_file
copied = 0

def slow(source, target):
    global copied
    if copied == 1:
        print("halfway", flush=True)
        time.sleep(int(sys.argv[3]))
    copied += 1
    copy(source, target)

publish.copy_file = slow
model, destination = map(Path, sys.argv[1:3])
publish.publish(
    model, destination, extra_files={}, now=int(sys.argv[4]), keep=3, rollout=Rollout.NEWEST
)
"""


def test_pushes_wait_for_each_other(push, make_model, destination):
    arguments = [make_model(b"slow"), destination, 2, NOW]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_PUSH, *map(str, arguments)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout.readline() == b"halfway\n"
    started = time.monotonic()
    published = push(b"quick", now=NOW)
    assert time.monotonic() - started > 1  # it neither swept the other's staging nor overtook it
    assert process.wait() == 0
    process.stdout.close()
    assert versions(destination) == [NOW, NOW + 1]
    assert published.version == NOW + 1
