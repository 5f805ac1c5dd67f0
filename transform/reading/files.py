"""The files behind a table of the settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transform.errors import DataError
from transform.reading.file_access import find_files, is_remote
from transform.reading.file_partitions import Partition, Partitioning, in_window
from transform.settings import Table, Window

# Left beside data by the tools that write it: `_SUCCESS`, `.part-0.crc`, `_metadata`.
_HIDDEN = ("_", ".")


@dataclass(frozen=True)
class TableFile:
    """A file of a table.

    Attributes:
        path: Where it lies: a local path, or one of object storage.
        size: Its bytes.
        written: When it was last written to, unix seconds; 0 where the storage does not say.
        partition: Where it lies among others.
    """

    path: str
    size: int
    written: float
    partition: Partition

    def __str__(self) -> str:
        """The path, as messages name it."""
        return self.path


def table_files(table: Table, name: str) -> list[TableFile]:
    """All files of a table, by partition and path.

    Args:
        table: A file, a folder (searched to any depth) or a glob, also with marks of a partition.
        name: What the table is called in the settings, for messages.

    Raises:
        DataError: If there is no such file.
    """
    path = os.path.expandvars(os.path.expanduser(table.path))  # noqa: PTH111 -- keeps `gs://`
    path = path if is_remote(path) else os.path.normpath(path)
    partitioning = Partitioning(path)
    files = []
    for file, size, written in {one.path: one for one in find_files(partitioning.glob)}.values():
        partition = partitioning.partition_of(file)
        if partition is not None and not _is_hidden(file.removeprefix(partitioning.base)):
            files.append(TableFile(file, size, written, partition))
    if not files:
        raise DataError(
            f"`data.{name}.path` must lead to a file, a folder with files or a glob that matches "
            f"some. Received: {table.path!r}, where there is none{_relative_hint(path)}. "
            "Correct the path."
        )
    return sorted(files, key=lambda file: (file.partition.key, file.path))


def chosen_files(files: Sequence[TableFile], window: Window | None) -> list[TableFile]:
    """The files of a window; all of them without one.

    Raises:
        DataError: If the window reaches none.
    """
    if window is None:
        return list(files)
    partitions = in_window((file.partition for file in files), window)
    return [file for file in files if file.partition in partitions]


def _is_hidden(below: str) -> bool:
    return any(part.startswith(_HIDDEN) for part in below.split("/"))


def _relative_hint(path: str) -> str:
    return "" if is_remote(path) or Path(path).is_absolute() else f" (searched in {Path.cwd()})"
