"""What can go wrong with the folder of the versions, and the disk that is too small for it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "a file is larger than this process may write",
}


class PublishError(Exception):
    """A version could not be published, labelled or taken back; what is served is complete."""


class WithheldError(Exception):
    """A refreshed model stays away from users, and why; nothing was changed."""


@contextlib.contextmanager
def no_room_reported(destination: Path, state: str) -> Iterator[None]:
    """Says what to do where the operating system refuses to write more.

    Args:
        destination: Folder of the versions.
        state: How the folder is left: the end of the sentence "The disk was full; ...".

    Raises:
        PublishError: In place of the operating system's refusal.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise PublishError(
            "There must be room for one more version of the model. Received: "
            f"{_NO_ROOM[error.errno]} ({error}) while writing to {destination}; {state}. "
            "Make room there, and run the same again."
        ) from error
