"""Which versions stay: the newest ones, and whatever is in use or could be needed again."""

from __future__ import annotations

import logging
from pathlib import Path

from components.pusher import labels
from components.pusher.destination import newest_blessed, versions, withdraw

logger = logging.getLogger(__name__)


def retained(destination: Path, keep: int) -> set[int]:
    """Versions that stay.

    The newest, which servers serve by default; those with a label, which others ask for; and the
    last one that the gates blessed, which after rollbacks need be neither.

    Args:
        destination: Folder of the versions.
        keep: How many of the newest stay in any case; at least 1.
    """
    blessed = newest_blessed(destination)
    in_use = set(labels.read(destination).values())
    return {*versions(destination)[-keep:], *in_use, *([] if blessed is None else [blessed])}


def retire(destination: Path, keep: int) -> None:
    """Removes all versions that need not stay. The caller holds the lock."""
    stays = retained(destination, keep)
    for version in versions(destination):
        if version not in stays:
            withdraw(destination, version)
            logger.info("Removed the old version %d.", version)
