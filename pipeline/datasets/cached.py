"""Data sets in the cache folder, as Parquet: fetched by each user, never committed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipeline.runners.lock import in_turn

MANIFEST = "manifest.json"

Tables = dict[str, pl.DataFrame]  # events, items, users


@dataclasses.dataclass(frozen=True)
class Fetched:
    """Where a data set lies.

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


def fetch_once(cache: Path, name: str, load: Callable[[], tuple[Tables, str]]) -> Fetched:
    """Brings a data set into `cache`/`name`, unless an undamaged copy is there.

    Safe to run at the same time from several places: one works, the others wait and find it done.

    Args:
        cache: The cache folder.
        name: Name of the data set.
        load: Gets the tables, and says where from. What it raises leaves nothing behind.
    """
    folder = cache / name
    with in_turn(cache / f".{name}.lock"):
        source = _intact(folder)
        cached = source is not None
        if source is None:
            tables, source = load()
            _write(tables, folder, source)
    return Fetched(folder, _rows(folder), cached=cached, source=source)


def _write(tables: Tables, folder: Path, source: str) -> None:
    """Writes all tables beside the folder, then moves them into place in one step."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
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


def _rows(folder: Path) -> dict[str, int]:
    files = sorted(folder.glob("*.parquet"))
    return {file.stem: pq.read_metadata(file).num_rows for file in files}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
