"""The folder of the versions: what lies in it, who may change it, and what a dead push left.

A model server looks for folders with a number as their name. Whatever is not yet, or no longer, a
version has a name with a leading dot, which no server looks at.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.pusher import manifest
from components.pusher.errors import PublishError, no_room_reported
from serving.durable import STAGING
from serving.model_server.base_path import find_versions

logger = logging.getLogger(__name__)

RETIRED = ".retired-"
_LOCK = ".lock"


def versions(destination: Path) -> list[int]:
    """Numbers of the published versions, rising."""
    if not destination.is_dir():
        return []
    return sorted(
        int(path.name) for path in destination.iterdir() if path.is_dir() and path.name.isdecimal()
    )


def next_version(destination: Path, now: int) -> int:
    """The time, or one more than the newest version: clocks may stand still or run back."""
    return max([now, *(version + 1 for version in versions(destination))])


def newest_blessed(destination: Path) -> int | None:
    """The version that the gates blessed last: the newest that is no copy made by a rollback."""
    for version in reversed(versions(destination)):
        said = manifest.read(destination / str(version))
        if said is not None and said.copy_of is None:
            return version
    return None


def remove(destination: Path, version: int) -> None:
    """Removes a version, out of sight before the first of its files goes."""
    retired = destination / f"{RETIRED}{version}"
    (destination / str(version)).rename(retired)
    shutil.rmtree(retired)


def sweep(destination: Path) -> None:
    """Removes what a push that was killed has left."""
    for path in destination.iterdir():
        if path.name.startswith((STAGING, RETIRED)):
            logger.warning("Removing %s, left by a push that did not finish.", path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def locked(destination: Path) -> Iterator[None]:
    """One change at a time; the lock goes with the process, however it ends."""
    with no_room_reported(destination, "nothing was changed"):
        file = (destination / _LOCK).open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def changing(destination: Path) -> Iterator[list[int]]:
    """Holds the lock of a folder that something was published to.

    Yields:
        The versions that a server sees, rising; at least one.

    Raises:
        PublishError: There is none.
    """
    known = sorted(find_versions(destination)) if destination.is_dir() else []
    if not known:
        raise PublishError(
            f"There must be a published version. Received: {destination}, which holds none. "
            "Run the pipeline first (sluice run); if it withheld the model, its report says why."
        )
    with locked(destination):
        sweep(destination)
        yield sorted(find_versions(destination))
