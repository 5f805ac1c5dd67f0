"""Which versions stay: the newest ones, whatever is in use, and what could be needed again."""

from __future__ import annotations

import logging
from pathlib import Path

from components.pusher import labels, manifest
from components.pusher.destination import newest_blessed, remove, versions

logger = logging.getLogger(__name__)


def retained(destination: Path, keep: int) -> set[int]:
    """Versions that stay.

    The newest, which servers serve by default; those with a label, which others ask for; the last
    one that the gates blessed, which after rollbacks need be neither; and one of each of the last
    trainings. A training has as many versions as its items were refreshed: were only the newest
    versions kept, a few refreshes of a bad training would leave no other one to go back to.

    Args:
        destination: Folder of the versions.
        keep: How many of the newest versions, and of the last trainings, stay in any case; at
            least 1.
    """
    blessed = newest_blessed(destination)
    in_use = set(labels.read(destination).values())
    return {
        *versions(destination)[-keep:],
        *in_use,
        *([] if blessed is None else [blessed]),
        *_of_last_trainings(destination, keep),
    }


def _of_last_trainings(destination: Path, keep: int) -> list[int]:
    """The newest intact version of each of the last trainings, newest first."""
    newest_of: dict[int, int] = {}  # a training, as the version it was published as -> a version
    for version in reversed(versions(destination)):
        said = manifest.read(destination / str(version))
        if said is None or said.trained in newest_of:
            continue
        if manifest.is_intact(destination / str(version)):
            newest_of[said.trained] = version
        if len(newest_of) == keep:
            break
    return list(newest_of.values())


def retire(destination: Path, keep: int) -> None:
    """Removes all versions that need not stay. The caller holds the lock."""
    stays = retained(destination, keep)
    for version in versions(destination):
        if version not in stays:
            remove(destination, version)
            logger.info("Removed the old version %d.", version)
