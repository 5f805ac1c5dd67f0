"""Going back to an earlier version.

A rollback publishes the bytes of the earlier version once more, under a new and higher number, and
then moves both labels to it. A server with the version policy `latest` takes the highest number:
moving labels alone would leave it on the bad version, and removing that one would make its version
number go backwards and leave it nothing to serve while the earlier one loads. As a new version the
earlier bytes take the way that every push takes: loaded and warmed up beside the one that answers,
then swapped in. Servers that are asked by label find the labels on a version that every server has
or will load. The version that was left stays, so that `to` can bring it back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from components.pusher import labels, manifest, unfinished
from components.pusher.destination import changing, next_version
from components.pusher.errors import PublishError, no_room_reported
from components.pusher.manifest import Manifest
from components.pusher.publish import Published, add
from components.pusher.served import on_trial, served_version
from serving.durable import replace_file, sync_folder

logger = logging.getLogger(__name__)

# Says what was served before a rollback, and the version it made; there until it is reported.
UNREPORTED_FILE = ".rollback-unreported"


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did.

    Attributes:
        before: The version that was served before, or that was on trial beside it.
        published: The version that is served now.
    """

    before: int
    published: Published

    @property
    def target(self) -> int:
        """The earlier version whose bytes are served now."""
        return self.published.manifest.origin


def _nothing(done: RolledBack) -> None:
    """Reports to nobody: the caller takes what is returned."""


def roll_back(
    destination: Path,
    *,
    to: int | None,
    now: int,
    report: Callable[[RolledBack], None] = _nothing,
) -> RolledBack:
    """Makes an earlier version the served one, as a new version with its bytes.

    A rollback that was killed and is run again is finished, not repeated. Without `to` this holds
    until it has been reported, since from then on the same call means one version further.

    Args:
        destination: Folder of the versions.
        to: The version to go back to; None for the newest intact one that was published before
            the bytes that are served now, or on trial where another version is.
        now: Unix seconds, the number of the new version unless a newer one exists.
        report: Tells whoever asked; the rollback is over when it returns.

    Raises:
        PublishError: Nothing is published; the version asked for is not there, is damaged, or is
            the one that is served; no earlier version is intact; or the disk is full.
    """
    with changing(destination) as known:
        newest = manifest.read(destination / str(known[-1]))
        before = _left(destination, known)
        if newest is not None and _has_begun(destination, newest, to):
            before = _unreported(destination).get(newest.version, before)
            published = Published(destination / str(newest.version), newest)
        else:
            left = manifest.read(destination / str(before))
            bound = before if left is None else left.origin
            target = _previous(destination, known, bound) if to is None else _named(destination, to)
            _refuse_what_is_served(destination, before, left, target)
            published = _publish_again(destination, target, now)
        with no_room_reported(
            destination, f"version {published.version} was added, but has no label"
        ):
            mark = destination / UNREPORTED_FILE
            replace_file(mark, f"{before} {published.version}".encode())
            labels.move_all(destination, published.version)
        done = RolledBack(before, published)
        report(done)
        mark.unlink()
        sync_folder(destination)
    return done


def _left(destination: Path, known: list[int]) -> int:
    """The version that a rollback leaves.

    The one whose push did not end, which servers of the newest version have; else the one on trial;
    else the one that is served.
    """
    of_push = unfinished.version(destination)
    for version in (of_push, on_trial(destination), served_version(destination)):
        if version is not None:
            return version
    return known[-1]


def _has_begun(destination: Path, newest: Manifest, to: int | None) -> bool:
    """Whether the newest version is already the copy that this rollback would publish."""
    unlabelled = set(labels.read(destination).values()) != {newest.version}
    not_over = unlabelled or newest.version in _unreported(destination)
    return (
        newest.copy_of is not None
        and (to == newest.copy_of or (to is None and not_over))
        and manifest.is_intact(destination / str(newest.version))
    )


def _unreported(destination: Path) -> dict[int, int]:
    """A version whose rollback was not reported -> what was served before; empty without one."""
    mark = destination / UNREPORTED_FILE
    if not mark.exists():
        return {}
    before, version = map(int, mark.read_text().split())
    return {version: before}


def _previous(destination: Path, known: list[int], bound: int) -> Manifest:
    """The newest intact version that is older than a given one."""
    for version in reversed([version for version in known if version < bound]):
        folder = destination / str(version)
        said = manifest.read(folder)
        if said is not None and manifest.is_intact(folder):
            return said
        logger.warning("Version %d is passed over: it is not what its manifest lists.", version)
    raise PublishError(
        f"There must be an intact version older than {bound} to go back to. Received: "
        f"{', '.join(map(str, known))} in {destination}. Name one with `to`, or publish a new one."
    )


def _named(destination: Path, version: int) -> Manifest:
    folder = destination / str(version)
    said = manifest.read(folder)
    if said is None or not manifest.is_intact(folder):
        state = "is not what its manifest lists" if folder.is_dir() else "is not there"
        raise PublishError(
            "One can go back to a version that is there, byte by byte as its manifest lists it. "
            f"Received: version {version}, which {state} in {destination}. Choose another one."
        )
    return said


def _refuse_what_is_served(
    destination: Path, before: int, left: Manifest | None, target: Manifest
) -> None:
    same = left is not None and left.files == target.files
    if same and manifest.is_intact(destination / str(before)):
        raise PublishError(
            "One can go back to a version that differs from the served one. Received: version "
            f"{target.version}, whose bytes are those of version {before}, which is served. "
            "Nothing is to be done."
        )


def _publish_again(destination: Path, target: Manifest, now: int) -> Published:
    folder = destination / str(target.version)
    return add(
        destination,
        {name: folder / name for name in target.files},
        Manifest(
            next_version(destination, now),
            target.files,
            copy_of=target.origin,
            refresh_of=target.refresh_of,
        ),
    )
