"""The files behind a table of the settings, and the fingerprint of their content."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from transform.errors import DataError
from transform.settings import DataSettings, Table

_CHUNK_BYTES = 1 << 20
# Left beside data by the tools that write it: `_SUCCESS`, `.part-0.crc`, `_metadata`.
_HIDDEN = ("_", ".")


def table_files(table: Table, name: str) -> list[Path]:
    """The files of a table in the order of their paths, which is the order of their rows.

    Args:
        table: A file, a folder (searched to any depth) or a glob.
        name: What the table is called in the settings, for the message.

    Raises:
        DataError: If there is no such file.
    """
    pattern = os.path.expandvars(Path(table.path).expanduser())
    path = Path(pattern)
    if path.is_file():
        return [path]
    # glob.glob, because Path.glob refuses absolute patterns.
    found = path.rglob("*") if path.is_dir() else map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = sorted(
        file
        for file in found
        if file.is_file() and not any(part.startswith(_HIDDEN) for part in _below(file, path).parts)
    )
    if not files:
        raise DataError(
            f"`data.{name}.path` must lead to a file, a folder with files or a glob that matches "
            f"some. Received: {table.path!r}, where there is none"
            f"{_relative_hint(path)}. Correct the path."
        )
    return files


def _below(file: Path, folder: Path) -> Path:
    return file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)


def _relative_hint(path: Path) -> str:
    return "" if path.is_absolute() else f" (searched in {Path.cwd()})"


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 of the content of files, in order; names, times and permissions do not count."""
    total = hashlib.sha256()
    for file in files:
        content = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                content.update(chunk)
        total.update(content.digest())
    return total.hexdigest()


def data_fingerprint(data: DataSettings) -> str:
    """Fingerprint of all datasets: equal exactly where the bytes that would be read are equal.

    Raises:
        DataError: If a dataset has no file.
    """
    tables = {"events": data.events, "items": data.items, "users": data.users}
    parts = [
        f"{name}:{fingerprint(table_files(table, name))}"
        for name, table in tables.items()
        if table is not None
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
