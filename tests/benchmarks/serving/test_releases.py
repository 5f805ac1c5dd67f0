"""Versions are pushed as the Pusher does, each a new one."""

from pathlib import Path

import pytest

from benchmarks.serving.releases import Releases, without_warm_up
from serving.model_server.warmup import WARM_UP_FILE


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / WARM_UP_FILE).parent.mkdir(parents=True)
    (folder / WARM_UP_FILE).write_text("requests")
    (folder / "saved_model.pb").write_text("graph")
    return folder


def test_each_push_is_a_version_and_a_rollback_brings_back_the_one_before(model, tmp_path):
    releases = Releases(model, tmp_path / "released")
    releases.folder.mkdir()
    numbers = [releases.push(), releases.push(), releases.push(), releases.roll_back()]
    assert numbers == [1, 2, 3, 4]
    said = [(releases.destination / str(n) / "assets.extra" / "number").read_text() for n in (3, 4)]
    assert said == ["3", "2"]


def test_a_cold_copy_lacks_the_warm_up_requests_alone(model, tmp_path):
    copy = without_warm_up(model, tmp_path)
    assert (model / WARM_UP_FILE).read_text() == "requests"
    files = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    assert files == {Path("saved_model.pb"), WARM_UP_FILE}
    assert (copy / WARM_UP_FILE).read_bytes() == b""
