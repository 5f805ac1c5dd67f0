"""Which version `sluice serve` serves while another one is tried out."""

from __future__ import annotations

import pytest

from components.pusher.errors import PublishError
from components.pusher.labels import LABELS_FILE
from pipeline.stable_policy import StablePolicy
from serving.model_server.versions import ModelVersions


class _Servable:
    def close(self):
        pass


@pytest.fixture
def model(tmp_path):
    for version in (1, 2, 3):
        folder = tmp_path / str(version)
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes(b"x")
    load = lambda path, version: _Servable()  # noqa: E731
    policy = StablePolicy(folder=tmp_path)
    return ModelVersions("toy", tmp_path, load, policy=policy, poll_seconds=0)


def _label(model, **labels):
    said = ", ".join(f'"{label}": {version}' for label, version in labels.items())
    (model.base_path / LABELS_FILE).write_text(f"{{{said}}}")
    model.poll()


def test_stable_is_served_and_followed(model):
    model.poll()
    assert model.available_versions == {3}  # nothing has a label yet
    _label(model, canary=3, stable=2)
    assert model.available_versions == {2}
    _label(model, canary=3, stable=3)
    assert model.available_versions == {3}


def test_a_stable_version_that_is_not_there_changes_nothing(model):
    _label(model, canary=3, stable=2)
    _label(model, canary=3, stable=7)
    assert model.available_versions == {2}


def test_labels_that_cannot_be_read_are_told(model):
    (model.base_path / LABELS_FILE).write_text("[]")
    with pytest.raises(PublishError, match="must hold the versions with a label"):
        model.poll()
