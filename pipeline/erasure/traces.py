"""Which files name a person: also within gzip, TFRecord, Parquet and SQLite."""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.erasure.person import Person

_GZIP, _PARQUET, _SQLITE = b"\x1f\x8b", b"PAR1", b"SQLite format 3\x00"
_CHUNK = 1 << 24
_OVERLAP = 1 << 12  # an id at the end of a chunk is found in the next one
_BATCH = 1 << 16


@dataclass(frozen=True)
class Scan:
    """What was looked through.

    Attributes:
        files: Number of files.
        size: Their bytes, as they lie on disk.
        traces: Those that name the person, or cannot be read.
    """

    files: int
    size: int
    traces: tuple[Path, ...]


def scan(folders: Iterable[Path], person: Person) -> Scan:
    """Looks through all files of folders, links not followed."""
    found = sorted({file for folder in folders for file in _files(folder)})
    traces = tuple(file for file in found if names(file, person))
    return Scan(len(found), sum(file.stat().st_size for file in found), traces)


def names(file: Path, person: Person) -> bool:
    """Whether a file names the person. One that is damaged may, and so counts."""
    with file.open("rb") as stream:
        begin = stream.read(len(_SQLITE))
    try:
        if begin.startswith(_PARQUET):
            return _in_parquet(file, person)
        if begin == _SQLITE:
            return _in_sqlite(file, person)
        packed = begin.startswith(_GZIP)
        with gzip.open(file) if packed else file.open("rb") as stream:
            return any(person.is_in(chunk) for chunk in _chunks(stream))
    except (EOFError, gzip.BadGzipFile, zlib.error, pa.ArrowException, sqlite3.DatabaseError):
        return True


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def _chunks(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    carried = b""
    while chunk := stream.read(_CHUNK):
        yield carried + chunk
        carried = chunk[-_OVERLAP:]


def _in_parquet(file: Path, person: Person) -> bool:
    with pq.ParquetFile(file) as parquet:
        # Of a table that nothing was written to, Arrow has no batches to give, and fails.
        for batch in parquet.iter_batches(_BATCH) if parquet.num_row_groups else ():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                if (name in person.columns or person.is_telling) and _in_column(column, person):
                    return True
    # The footer, which holds the least and the greatest value of each column.
    return person.is_telling and person.is_in(file.read_bytes())


def _in_column(column: pa.Array, person: Person) -> bool:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _in_column(column.flatten(), person)
    if pa.types.is_struct(kind):
        return any(_in_column(part, person) for part in column.flatten())
    if pa.types.is_dictionary(kind):
        return _in_column(column.dictionary, person)
    if pa.types.is_integer(kind):
        column = column.cast(pa.string())
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    near = column.filter(pc.match_substring(column, person.user_id)).unique().to_pylist()
    return any(_is_of(value, person) for value in near)


def _in_sqlite(file: Path, person: Person) -> bool:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- its own name
            columns = [column[0] for column in rows.description]
            for row in rows:
                for name, value in zip(columns, row, strict=True):
                    asked = name in person.columns or person.is_telling
                    if asked and _is_of(value, person):
                        return True
    return False


def _is_of(value: Any, person: Person) -> bool:
    """Whether a value is the id, or text or bytes that hold it."""
    if value is None or isinstance(value, float):
        return False
    data = value if isinstance(value, bytes) else str(value).encode()
    return data == person.user_id.encode() or person.is_in(data)
