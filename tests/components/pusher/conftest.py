"""Small models, and the folder they are published to."""

from __future__ import annotations

import pytest

from components.pusher.labels import Rollout
from components.pusher.publish import publish

NOW = 1_700_000_000


@pytest.fixture
def make_model(tmp_path):
    """Makes a folder with three files, one of them copied in several pieces."""

    def make(content: bytes):
        folder = tmp_path / f"model-{content.decode()}"
        if not folder.exists():
            (folder / "variables").mkdir(parents=True)
            (folder / "saved_model.pb").write_bytes(content)
            (folder / "variables" / "variables.index").write_bytes(content * 3)
            (folder / "variables" / "variables.data").write_bytes(content * 30_000)
        return folder

    return make


@pytest.fixture
def destination(tmp_path):
    """The folder of the versions; not there yet."""
    return tmp_path / "serving"


@pytest.fixture
def push(make_model, destination):
    """Publishes a model made of the given content: `push(b"a", now=..., keep=..., rollout=...)`."""

    def publish_content(
        content, *, now=NOW, keep=3, rollout=Rollout.NEWEST, extra_files=None, refresh_of=None
    ):
        return publish(
            make_model(content),
            destination,
            extra_files=extra_files or {},
            now=now,
            keep=keep,
            rollout=rollout,
            refresh_of=refresh_of,
        )

    return publish_content
