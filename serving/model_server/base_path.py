"""What lies in the base path of a model: its version directories and their contents."""

from __future__ import annotations

import re
from pathlib import Path

_VERSION_NAME = re.compile(r"[0-9]{1,18}", re.ASCII)  # fits int64, the type of a version

Content = frozenset[tuple[str, int, int]]


def find_versions(base_path: Path) -> dict[int, Path]:
    """Complete version directories of a base path: version -> directory.

    A version is a directory with a decimal name that holds `saved_model.pb`. Anything else is
    passed over: dot-prefixed and other staging directories, files, half-copied directories.

    Raises:
        OSError: The base path cannot be read.
    """
    return {
        int(entry.name): entry
        for entry in sorted(base_path.iterdir())
        if _VERSION_NAME.fullmatch(entry.name) and (entry / "saved_model.pb").is_file()
    }


def content(version_path: Path) -> Content:
    """What lies in a version directory: (path, size, modification time in ns) of each file.

    Two equal answers mean that nothing was written in between.

    Raises:
        OSError: The directory changed while it was read.
    """
    files = ((file, file.stat()) for file in version_path.rglob("*") if file.is_file())
    return frozenset(
        (str(file.relative_to(version_path)), stat.st_size, stat.st_mtime_ns)
        for file, stat in files
    )
