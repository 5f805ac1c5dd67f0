"""Input files wherever they lie: local ones directly, object storage through Beam."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from transform.errors import DataError


class Found(NamedTuple):
    """A file as a listing shows it.

    Attributes:
        path: Its path.
        size: Its bytes.
        written: When it was last written to, unix seconds; 0 where the storage does not say.
    """

    path: str
    size: int
    written: float


def is_remote(path: str) -> bool:
    """Whether a path names object storage (`gs://...`)."""
    return "://" in path


def find_files(pattern: str) -> Iterator[Found]:
    """The files that a path means: a file, a folder (to any depth) or a glob.

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


def _find_local(pattern: str) -> Iterator[Found]:
    found = [pattern] if Path(pattern).exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207 -- Path.glob refuses absolute patterns
    for path in found:
        if Path(path).is_dir():
            for folder, _, names in os.walk(path, followlinks=True):
                yield from _files(f"{folder.rstrip('/')}/{name}" for name in names)
        else:
            yield from _files([path])


def _files(paths: Iterable[str]) -> Iterator[Found]:
    for path in paths:
        if Path(path).is_file():
            said = Path(path).stat()
            yield Found(path, said.st_size, said.st_mtime)


def _find_remote(pattern: str) -> Iterator[Found]:
    # Storage knows no folders: a name may be a file, or what longer names begin with.
    below = pattern.rstrip("/") + "/**"
    try:
        results = _beam().match([pattern, below])
    except Exception as error:
        raise DataError(
            f"The storage of {pattern} must be reachable. Received: {error}. Check the path, the "
            "credentials, and that Beam's extra for this storage is installed."
        ) from error
    for each in {each.path: each for one in results for each in one.metadata_list}.values():
        yield Found(each.path, each.size_in_bytes, each.last_updated_in_seconds)


def _beam() -> Any:
    # Imported only here: it takes seconds, and local files do not need it.
    from apache_beam.io.filesystems import FileSystems

    return FileSystems
