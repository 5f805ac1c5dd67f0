"""Publishing a model version: staged out of sight, then visible at once and whole.

A model server looks for directories with a number as their name. Everything is copied, checked and
flushed to disk under a name with a leading dot, which no server looks at; one rename in the same
directory then makes the version visible. Whatever happens before the rename leaves the served
versions as they were, and what it leaves behind is swept up by the next push.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.pusher import manifest

logger = logging.getLogger(__name__)

_STAGING = ".staging-"
_RETIRED = ".retired-"
_LOCK = ".lock"


class PublishError(Exception):
    """A version could not be published; the destination is as it was."""


@dataclass(frozen=True)
class Published:
    """A version that is there to be served.

    Attributes:
        version: Its number.
        path: Its directory.
        files: Relative path -> SHA-256.
    """

    version: int
    path: Path
    files: dict[str, str]


def versions(destination: Path) -> list[int]:
    """Numbers of the published versions, rising."""
    if not destination.is_dir():
        return []
    return sorted(
        int(path.name) for path in destination.iterdir() if path.is_dir() and path.name.isdecimal()
    )


def publish(
    model: Path,
    destination: Path,
    *,
    extra_files: Mapping[str, Path],
    now: int,
    keep: int,
) -> Published:
    """Publishes a model as the newest version, once.

    A model that already is the newest version, byte by byte, is not published again: a push that
    was killed after its last step and is run again changes nothing.

    Args:
        model: Folder of the SavedModel.
        destination: Folder of the versions.
        extra_files: Further files of the version: relative path -> file.
        now: Unix seconds, the number of the version unless a newer one exists.
        keep: Versions that stay, the newest ones.

    Raises:
        PublishError: The copy differs from the original.
    """
    destination.mkdir(parents=True, exist_ok=True)
    sources = {str(path.relative_to(model)): path for path in _files(model)} | dict(extra_files)
    with _locked(destination):
        _sweep(destination)
        files = {name: manifest.sha256(path) for name, path in sorted(sources.items())}
        published = _already_newest(destination, files) or _add(
            destination, sources, files, _next_version(destination, now)
        )
        _retire(destination, keep)
    return published


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _already_newest(destination: Path, files: dict[str, str]) -> Published | None:
    known = versions(destination)
    if not known:
        return None
    newest = destination / str(known[-1])
    if manifest.read(newest) != files or not manifest.is_intact(newest):
        return None
    logger.info("This model is already published as version %d.", known[-1])
    return Published(known[-1], newest, files)


def _next_version(destination: Path, now: int) -> int:
    """The time, or one more than the newest version: clocks may stand still or run back."""
    return max([now, *(version + 1 for version in versions(destination))])


def _add(
    destination: Path, sources: Mapping[str, Path], files: dict[str, str], version: int
) -> Published:
    staging = destination / f"{_STAGING}{version}"
    staging.mkdir()
    for name, source in sources.items():
        copy_file(source, staging / name)
    if manifest.digests(staging) != files:
        raise PublishError(
            "The copy of a model must equal the original. Received: a copy in "
            f"{destination} that differs, so nothing was published. Check the disk, and run again."
        )
    _write(staging / manifest.MANIFEST_FILE, manifest.text(version, files).encode())
    for folder in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
        _sync_folder(folder)
    final = destination / str(version)
    staging.rename(final)
    _sync_folder(destination)
    return Published(version, final, files)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file and flushes it to disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())


def _write(target: Path, data: bytes) -> None:
    with target.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def _sync_folder(folder: Path) -> None:
    """Flushes the names in a folder: without it a crash may forget a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _retire(destination: Path, keep: int) -> None:
    """Removes all but the newest versions, each out of sight before its files go."""
    for version in versions(destination)[:-keep]:
        retired = destination / f"{_RETIRED}{version}"
        (destination / str(version)).rename(retired)
        shutil.rmtree(retired)
        logger.info("Removed the old version %d.", version)


def _sweep(destination: Path) -> None:
    """Removes what an earlier push that was killed has left."""
    for path in destination.iterdir():
        if path.name.startswith((_STAGING, _RETIRED)):
            logger.warning("Removing %s, left by a push that did not finish.", path)
            shutil.rmtree(path)


@contextlib.contextmanager
def _locked(destination: Path) -> Iterator[None]:
    """One push at a time; the lock goes with the process, however it ends."""
    with (destination / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
