"""From which version the candidate is swapped: the one that users are served, while it is whole."""

import pytest

from components.pusher import labels
from components.pusher.labels import Rollout
from components.pusher.publish import publish
from components.serving_validator.host import version_to_replace


@pytest.fixture
def folder(tmp_path):
    """Version 1 is served; version 2 is newer, and on trial."""
    for version in (1, 2):
        model = tmp_path / f"model-{version}"
        model.mkdir()
        (model / "saved_model.pb").write_text(str(version))
        publish(
            model,
            tmp_path / "serving",
            extra_files={},
            now=version,
            keep=3,
            rollout=Rollout.CANARY,
        )
    return tmp_path / "serving"


def test_a_newer_version_that_users_are_not_served_does_not_count(folder):
    assert version_to_replace(folder) == folder / "1"
    labels.move_all(folder, 2)
    assert version_to_replace(folder) == folder / "2"


def test_a_damaged_one_gives_way_to_the_newest_that_is_whole(folder):
    (folder / "1" / "saved_model.pb").write_text("rotten")
    assert version_to_replace(folder) == folder / "2"
    (folder / "2" / "saved_model.pb").write_text("rotten")
    assert version_to_replace(folder) is None


def test_nothing_is_replaced_before_the_first_version(tmp_path):
    assert version_to_replace(tmp_path / "serving") is None
