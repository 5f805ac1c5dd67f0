"""Which version users are served, and which later ones were taken back from them."""

from __future__ import annotations

from pathlib import Path

from components.pusher import labels, manifest, unfinished
from components.pusher.destination import versions
from components.pusher.labels import Label
from serving.model_server.base_path import find_versions


def served_version(destination: Path) -> int | None:
    """The version that is `stable`; where nothing has a label the newest whole one.

    None where there is none.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    known = find_versions(destination) if destination.is_dir() else {}
    return labels.read(destination).get(Label.STABLE, max(known)) if known else None


def trained_as(destination: Path, version: int) -> int:
    """The version as which the towers of a version were published first.

    It is the version itself where that was trained, or where its manifest is gone.
    """
    said = manifest.read(destination / str(version))
    return version if said is None else said.trained


def on_trial(destination: Path) -> int | None:
    """The version that is `canary` while another one is `stable`; None without a trial.

    The labels move one after the other: while a push gives them to a version, there is no trial.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    known = labels.read(destination)
    tried = known.get(Label.CANARY)
    settled = (known.get(Label.STABLE, tried), unfinished.version(destination))
    return None if tried in settled else tried


def state(destination: Path) -> str:
    """A text that changes with what is served, and with what else lies there as newest.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    served = served_version(destination)
    return "" if served is None else f"{served} served, {versions(destination)[-1]} newest"


def taken_back(destination: Path, files: dict[str, str]) -> int | None:
    """The version with these bytes that a rollback or a withdrawn canary took from the users.

    Those are the versions between what is served and what comes after it: all that are newer than
    the bytes that are served, and no longer asked for by a label. One whose push did not end has
    not had its labels yet.

    Args:
        destination: Folder of the versions.
        files: Relative path -> SHA-256.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    served = served_version(destination)
    said = None if served is None else manifest.read(destination / str(served))
    if said is None:
        return None
    in_use = {said.version, *labels.read(destination).values(), unfinished.version(destination)}
    for version in versions(destination):
        if version > said.origin and version not in in_use:
            other = manifest.read(destination / str(version))
            if other is not None and other.files == files:
                return version
    return None
