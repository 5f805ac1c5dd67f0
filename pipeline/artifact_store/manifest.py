"""What a folder held when it was uploaded."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Any

from pydantic import field_validator

from transform.settings import Frozen

_BYTES_AT_A_TIME = 8 << 20


class Content(Frozen):
    """What one file held.

    Attributes:
        size: Its bytes.
        sha256: Their digest.
    """

    size: int
    sha256: str


class Manifest(Frozen):
    """All that a folder held; stored last, it makes the upload whole.

    Attributes:
        files: Path in the folder -> content.
        folders: Paths of the folders in it; object storage does not know empty ones.
    """

    files: dict[str, Content]
    folders: tuple[str, ...]

    @field_validator("files", "folders")
    @classmethod
    def _stays_inside(cls, names: Any) -> Any:
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(
                    f"paths lead into the folder. Received: {name!r}. Delete the artifact."
                )
        return names


def copy(source: Any, target: Any) -> Content:
    """Copies one open binary file into another."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_BYTES_AT_A_TIME):
        digest.update(piece)
        target.write(piece)
        size += len(piece)
    return Content(size=size, sha256=digest.hexdigest())
