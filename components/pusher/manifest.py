"""The manifest of a published version: which bytes it consists of, and where they came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST_FILE = "manifest.json"
_NO_MANIFEST = (AttributeError, KeyError, TypeError, ValueError)  # no JSON, or of another shape


@dataclass(frozen=True)
class Manifest:
    """What a published version says of itself.

    Attributes:
        version: Its number.
        files: Relative path -> SHA-256.
        copy_of: The version whose bytes a rollback published again; None where the gates blessed
            the model and the Pusher published it.
        refresh_of: The version whose towers it has, with newer items; None where it was trained.
    """

    version: int
    files: dict[str, str]
    copy_of: int | None = None
    refresh_of: int | None = None

    @property
    def origin(self) -> int:
        """The version as which these bytes were published first."""
        return self.version if self.copy_of is None else self.copy_of

    @property
    def trained(self) -> int:
        """The version as which its towers were published first."""
        return self.origin if self.refresh_of is None else self.refresh_of

    def text(self) -> str:
        """The manifest's JSON."""
        came = {"copy_of": self.copy_of, "refresh_of": self.refresh_of}
        said = {"version": self.version, **came, "files": self.files}
        return json.dumps(said, indent=2) + "\n"


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder but its manifest, by relative path, in order."""
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder) != Path(MANIFEST_FILE)
    }


def read(folder: Path) -> Manifest | None:
    """The manifest of a version's folder; None where it has no readable one."""
    try:
        said = json.loads((folder / MANIFEST_FILE).read_text())
        came = (said.get("copy_of"), said.get("refresh_of"))
        numbers = (None if version is None else int(version) for version in came)
        return Manifest(int(said["version"]), dict(said["files"].items()), *numbers)
    except (FileNotFoundError, NotADirectoryError, *_NO_MANIFEST):
        return None


def is_intact(folder: Path) -> bool:
    """Whether a version's folder holds exactly the bytes that its manifest lists."""
    listed = read(folder)
    return listed is not None and listed.files == digests(folder)
