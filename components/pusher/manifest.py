"""The manifest of a published version: which bytes it consists of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

MANIFEST_FILE = "manifest.json"
_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder but its manifest, by relative path, in order."""
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder) != Path(MANIFEST_FILE)
    }


def text(version: int, files: Mapping[str, str]) -> str:
    """The manifest's JSON: `version` and `files`, relative path -> SHA-256."""
    return json.dumps({"version": version, "files": dict(files)}, indent=2) + "\n"


def read(folder: Path) -> dict[str, str] | None:
    """The files that a version's manifest lists; None where it has no readable manifest."""
    path = folder / MANIFEST_FILE
    try:
        files = json.loads(path.read_text())["files"]
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None
    return files if isinstance(files, dict) else None


def is_intact(folder: Path) -> bool:
    """Whether a published version holds exactly the bytes that its manifest lists."""
    return read(folder) == digests(folder)
