"""Publishing a model version: staged out of sight, then visible at once and whole.

Everything is copied, flushed to disk and read back under a name that no server looks at; one rename
in the same folder then makes the version visible. Whatever happens before the rename leaves the
served versions as they were, and what it leaves behind is swept up by the next push. After it the
version is read back once more, gets its labels, and old versions go. Until it has its labels a mark
says that it is to get them.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from components.pusher import labels, manifest, unfinished
from components.pusher.destination import locked, next_version, remove, sweep, versions
from components.pusher.errors import PublishError, WithheldError, no_room_reported
from components.pusher.labels import Label, Rollout
from components.pusher.manifest import Manifest
from components.pusher.retention import retire
from components.pusher.served import state, taken_back
from serving.durable import (
    STAGING,
    copy_file,
    forget_cached,
    make_folder,
    sync_folder,
    write_file,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """A version that is there to be served.

    Attributes:
        path: Its folder.
        manifest: Its number and what it consists of.
        labels: Those that its push moved to it.
    """

    path: Path
    manifest: Manifest
    labels: tuple[Label, ...] = ()

    @property
    def version(self) -> int:
        """Its number."""
        return self.manifest.version


def publish(
    model: Path,
    destination: Path,
    *,
    extra_files: Mapping[str, Path],
    now: int,
    keep: int,
    rollout: Rollout,
    refresh_of: int | None = None,
    began: str | None = None,
) -> Published:
    """Publishes a model as the newest version, once.

    A model that already is the newest version, byte by byte, is not published again: so a push
    that was killed is just run again.

    Args:
        model: Folder of the SavedModel.
        destination: Folder of the versions.
        extra_files: Further files of the version: relative path -> file.
        now: Unix seconds, the number of the version unless a newer one exists.
        keep: How many of the newest versions and of the last trainings stay; what is in use stays
            beside them.
        rollout: Whether `stable` follows at once.
        refresh_of: The version whose towers it has, with newer items; None where it was trained.
        began: What was served when its refresh began, as `served.state` tells it; None where it
            was trained.

    Raises:
        PublishError: No room, a copy that differs, or labels that cannot be read.
        WithheldError: It was refreshed, and other versions are served since; or users were served
            it before, and it was taken back.
    """
    sources = sources_of(model, extra_files)
    with no_room_reported(destination, "no version was added"):
        make_folder(destination)
    with locked(destination):
        sweep(destination)
        labels.read(destination)  # an unreadable file is refused before anything is done
        files = listed_files(sources)
        published = _already_newest(destination, files)
        if began is not None:
            _check_refresh(destination, files, published, began)
        if published is None:
            version = next_version(destination, now)
            with no_room_reported(destination, "no version was added"):
                unfinished.mark(destination, version)
            published = add(destination, sources, Manifest(version, files, refresh_of=refresh_of))
        with no_room_reported(
            destination, f"version {published.version} was added, but has no label"
        ):
            moved = labels.follow(destination, published.version, rollout)
        unfinished.unmark(destination)
        retire(destination, keep)
    return replace(published, labels=moved)


def sources_of(model: Path, extra_files: Mapping[str, Path]) -> dict[str, Path]:
    """What a version of a model consists of: relative path -> file to copy."""
    return {str(path.relative_to(model)): path for path in _files(model)} | dict(extra_files)


def listed_files(sources: Mapping[str, Path]) -> dict[str, str]:
    """What its manifest would list: relative path -> SHA-256."""
    return {name: manifest.sha256(path) for name, path in sorted(sources.items())}


def add(destination: Path, sources: Mapping[str, Path], listed: Manifest) -> Published:
    """Adds one version. The caller holds the lock.

    Args:
        destination: Folder of the versions.
        sources: Relative path -> file to copy.
        listed: What the version is to consist of.

    Raises:
        PublishError: The disk is full, or the copy differs from what was listed.
    """
    staging = destination / f"{STAGING}{listed.version}"
    final = destination / str(listed.version)
    try:
        with no_room_reported(destination, "no version was added"):
            _stage(staging, sources, listed)
            staging.rename(final)
    except (OSError, PublishError):
        shutil.rmtree(staging, ignore_errors=True)  # else the next push sweeps it up
        raise
    sync_folder(destination)
    if not manifest.is_intact(final):
        remove(destination, listed.version)
        raise _differs(destination)
    logger.info("Published version %d.", listed.version)
    return Published(final, listed)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _already_newest(destination: Path, files: dict[str, str]) -> Published | None:
    known = versions(destination)
    if not known:
        return None
    newest = destination / str(known[-1])
    said = manifest.read(newest)
    if said is None or said.files != files or not manifest.is_intact(newest):
        return None
    logger.info("This model is already published as version %d.", known[-1])
    return Published(newest, said)


def _check_refresh(
    destination: Path, files: dict[str, str], published: Published | None, began: str
) -> None:
    """Refuses a refreshed model that users are not to be served.

    Raises:
        WithheldError: See `publish`.
    """
    back = taken_back(destination, files)
    if back is not None:
        raise WithheldError(
            f"it is version {back}, which was taken back from users after it had been pushed. "
            f"To serve it all the same: sluice rollback --to {back}."
        )
    # What is there already was pushed by this refresh, which is run again.
    if published is None and (now := state(destination)) != began:
        raise WithheldError(
            f"what is served changed meanwhile: {began} when the refresh began, {now} when it "
            "ended. Run it again: it then starts from what is served now."
        )


def _stage(staging: Path, sources: Mapping[str, Path], listed: Manifest) -> None:
    """Copies everything, flushes it to disk, and reads back what the disk holds."""
    staging.mkdir()
    for name, source in sources.items():
        copy_file(source, staging / name)
    write_file(staging / manifest.MANIFEST_FILE, listed.text().encode())
    for folder in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
        sync_folder(folder)
    forget_cached(staging)
    if not manifest.is_intact(staging):
        raise _differs(staging.parent)


def _differs(destination: Path) -> PublishError:
    return PublishError(
        "The copy of a model must equal the original. Received: a copy in "
        f"{destination} that differs, so no version was added. Check the disk, and run again."
    )
