"""The labels `canary` and `stable`: which version is tried out, and which one is relied on.

They stand in one small file beside the versions, which is replaced as a whole. A version gets a
label only after it has been published and read back, first `canary`, then `stable`. TensorFlow
Serving asks for the same order once more, of what it has loaded: new version first, label second.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

from components.pusher import manifest
from components.pusher.errors import PublishError
from serving.durable import replace_file

LABELS_FILE = "labels.json"


class Label(StrEnum):
    """What a version may be called, in the order in which it is."""

    CANARY = "canary"
    STABLE = "stable"


class Rollout(StrEnum):
    """Who serves a version that was just pushed.

    Attributes:
        NEWEST: Every server, as soon as it has loaded it; both labels follow at once.
        CANARY: Callers that ask for `canary`; `stable` moves when it is told to.
    """

    NEWEST = "newest"
    CANARY = "canary"


def read(destination: Path) -> dict[Label, int]:
    """Label -> version; empty where nothing has a label yet.

    Raises:
        PublishError: The file is there but says something else.
    """
    path = destination / LABELS_FILE
    try:
        said = json.loads(path.read_text())
        return {Label(label): int(version) for label, version in said.items()}
    except FileNotFoundError:
        return {}
    except (AttributeError, TypeError, ValueError) as error:
        raise PublishError(
            f'{path} must hold the versions with a label, such as {{"canary": 2, "stable": 1}}. '
            f"Received: {error}. Correct it; without the file no version has a label."
        ) from error


def move(destination: Path, label: Label, version: int) -> None:
    """Gives a label to a version.

    Raises:
        PublishError: There is no such version.
    """
    if manifest.read(destination / str(version)) is None:
        raise PublishError(
            f"A label belongs to a published version. Received: {label.value!r} for {version}, "
            f"which {destination} does not hold or whose manifest cannot be read. "
            "Publish the version first."
        )
    moved = {**read(destination), label: version}
    replace_file(destination / LABELS_FILE, (json.dumps(moved, sort_keys=True) + "\n").encode())


def move_all(destination: Path, version: int) -> None:
    """Gives a version every label, in order."""
    for label in Label:
        move(destination, label, version)


def follow(destination: Path, version: int, rollout: Rollout) -> tuple[Label, ...]:
    """Moves the labels that follow a push: `canary`, and `stable` too unless it is to wait.

    Returns:
        The labels that were moved.
    """
    if rollout is Rollout.NEWEST or Label.STABLE not in read(destination):
        move_all(destination, version)
        return tuple(Label)
    move(destination, Label.CANARY, version)
    return (Label.CANARY,)
