"""MovieLens-100k in the cache folder, as Parquet: fetched by each user, never committed."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.datasets.movielens_sources import RECBOLE, ROWS, Tables, from_archive, from_wheel

NAME = "movielens-100k"
MANIFEST = "manifest.json"
TERMS = (
    "MovieLens-100k belongs to GroupLens Research at the University of Minnesota. Research use is "
    "free; it may not be redistributed, nor used commercially, without their permission, so it is "
    "kept outside your project: do not commit it. Publications cite F. M. Harper and "
    'J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.'
)


@dataclasses.dataclass(frozen=True)
class Fetched:
    """Where the data set lies.

    Attributes:
        folder: Folder with `events.parquet`, `items.parquet`, `users.parquet`.
        rows: Rows of each table.
        cached: True where it was there already.
        source: Where it came from.
    """

    folder: Path
    rows: dict[str, int]
    cached: bool
    source: str


def fetch(cache: Path, archive: Path | None = None) -> Fetched:
    """Brings MovieLens-100k into `cache`/movielens-100k, unless an undamaged copy is there.

    Safe to run at the same time from several places: one works, the others wait and find it done.

    Args:
        cache: The cache folder.
        archive: GroupLens' ml-100k.zip, where it was downloaded by hand; None takes the copy
            inside the `recbole` package.

    Raises:
        FetchError: It cannot be had, or is not what it should be. Nothing is written then.
    """
    folder = cache / NAME
    with _lock(cache / f".{NAME}.lock"):
        if source := _intact(folder):
            return Fetched(folder, ROWS, cached=True, source=source)
        tables = from_archive(archive) if archive else from_wheel(RECBOLE.fetch())
        source = str(archive) if archive else f"the Python package {RECBOLE.requirement}"
        _write(tables, folder, source)
    return Fetched(folder, ROWS, cached=False, source=source)


def _write(tables: Tables, folder: Path, source: str) -> None:
    """Writes all tables beside the folder, then moves them into place in one step."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{NAME}."))
    try:
        draft.chmod(0o755)
        hashes = {}
        for name, table in tables.items():
            path = draft / f"{name}.parquet"
            table.write_parquet(path, statistics=True)
            hashes[path.name] = _sha256(path)
        manifest = {"source": source, "sha256": hashes}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        if folder.exists():  # a damaged copy
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _intact(folder: Path) -> str | None:
    """The source of a complete copy; None where there is none, or it was damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        hashes = {name: _sha256(folder / name) for name in manifest["sha256"]}
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, KeyError):
        return None
    return manifest["source"] if hashes == manifest["sha256"] else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
