"""Content digests of files; what has not changed since it was last read is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from transform.reading.cache import cache_dir
from transform.reading.file_access import is_remote, remote_checksum
from transform.reading.files import TableFile

INDEX_FILE = "digests.json"
# A file that changed less than this before it was read may change again within the same tick of
# the file system's clock, so that its times would not tell.
_SETTLED_SECONDS = 2.0

# Size, time of modification, time of the last change of any kind (which no program can set), inode.
Stamp = list[int]


def in_total_order(files: Sequence[TableFile]) -> list[tuple[TableFile, str]]:
    """Files with their digests, by partition, then by content: names do not count."""
    pairs = zip(files, digests(files), strict=True)
    return sorted(pairs, key=lambda pair: (pair[0].partition.key, pair[1], pair[0].path))


def digests(files: Sequence[TableFile]) -> list[str]:
    """A digest of each file's content: SHA-256, or the checksum that object storage keeps.

    Digests of local files are remembered in the cache folder with the file's stamp. A change of
    content always changes the stamp: a program can restore size and time of modification, but not
    the time at which it did so.
    """
    index = _read_index()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda file: _digest(file.path, index), files))
    fresh = {os.path.abspath(f.path): entry for f, (_, entry) in zip(files, found) if entry}  # noqa: PTH100, B905
    if any(index.get(path) != entry for path, entry in fresh.items()):
        _write_index({**index, **fresh})
    return [digest for digest, _ in found]


Entry = tuple[Stamp, str]


def _digest(path: str, index: dict[str, Entry]) -> tuple[str, Entry | None]:
    """The digest, and what the index should remember of it."""
    if is_remote(path):
        return hashlib.sha256(remote_checksum(path).encode()).hexdigest(), None
    before = _stamp(path)
    known = index.get(os.path.abspath(path))  # noqa: PTH100 -- links stay what they are
    if known is not None and known[0] == before:
        return known[1], known
    began = time.time()
    with Path(path).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    settled = before[2] < (began - _SETTLED_SECONDS) * 1e9 and _stamp(path) == before
    return digest, (before, digest) if settled else None


def _stamp(path: str) -> Stamp:
    found = Path(path).stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _read_index() -> dict[str, Entry]:
    try:
        entries = json.loads((cache_dir() / INDEX_FILE).read_text())
        return {path: (list(stamp), str(digest)) for path, (stamp, digest) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # there is none, or it is damaged: files are read again


def _write_index(entries: dict[str, Entry]) -> None:
    """Replaces the index in one step; files that are gone are forgotten."""
    kept = {path: entry for path, entry in entries.items() if Path(path).exists()}
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=folder, prefix=f".{INDEX_FILE}.", delete=False
        ) as draft:
            json.dump(kept, draft)
        Path(draft.name).replace(folder / INDEX_FILE)
    except OSError:
        return  # a folder that cannot be written to costs time, nothing else
