"""Input files wherever they lie: local ones directly, object storage through Beam."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from transform.errors import DataError


def is_remote(path: str) -> bool:
    """Whether a path names object storage (`gs://...`)."""
    return "://" in path


def find_files(pattern: str) -> Iterator[tuple[str, int]]:
    """Path and size of the files that a path means: a file, a folder (to any depth) or a glob.

    Raises:
        DataError: If the storage cannot be asked.
    """
    return _find_remote(pattern) if is_remote(pattern) else _find_local(pattern)


def open_binary(path: str) -> IO[bytes]:
    """Opens a file for reading, as it is: nothing is decompressed."""
    if not is_remote(path):
        return Path(path).open("rb")
    return cast("IO[bytes]", _beam().open(path, compression_type="uncompressed"))


def remote_checksum(path: str) -> str:
    """The checksum that object storage keeps of a file."""
    return str(_beam().checksum(path))


def _find_local(pattern: str) -> Iterator[tuple[str, int]]:
    found = [pattern] if Path(pattern).exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207 -- Path.glob refuses absolute patterns
    for path in found:
        if Path(path).is_dir():
            for folder, _, names in os.walk(path, followlinks=True):
                yield from _sized(f"{folder.rstrip('/')}/{name}" for name in names)
        else:
            yield from _sized([path])


def _sized(paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    for path in paths:
        if Path(path).is_file():
            yield path, Path(path).stat().st_size


def _find_remote(pattern: str) -> Iterator[tuple[str, int]]:
    # Storage knows no folders: a name may be a file, or what longer names begin with.
    below = pattern.rstrip("/") + "/**"
    try:
        results = _beam().match([pattern, below])
    except Exception as error:
        raise DataError(
            f"The storage of {pattern} must be reachable. Received: {error}. Check the path, the "
            "credentials, and that Beam's extra for this storage is installed."
        ) from error
    sizes = {each.path: each.size_in_bytes for result in results for each in result.metadata_list}
    yield from sizes.items()


def _beam() -> Any:
    # Imported only here: it takes seconds, and local files do not need it.
    from apache_beam.io.filesystems import FileSystems

    return FileSystems
