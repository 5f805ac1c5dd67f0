"""The beginning of a table: its format, its columns, its first rows."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from collections.abc import Iterator

import polars as pl

from pipeline.starter.errors import InitError
from transform.reading.csv_files import csv_head
from transform.reading.files import TableFile, table_files
from transform.reading.raw_columns import Chosen, Wanted
from transform.reading.raw_tables import RawFile, is_parquet
from transform.settings import Table

ROWS = 200_000
_SEPARATORS = (",", "\t", ";", "|")
_LINES = 50
_FILES = 15


@dataclasses.dataclass(frozen=True)
class Sample:
    """What was looked at.

    Attributes:
        path: As the user gave it.
        files: All files that the path leads to, by partition.
        separator: Field separator; None for Parquet.
        frame: The first rows of some of the files, CSV columns as text.
        complete: True where these are all rows.
    """

    path: str
    files: tuple[RawFile, ...]
    separator: str | None
    frame: pl.DataFrame
    complete: bool

    @property
    def file(self) -> TableFile:
        """The first file."""
        return self.files[0].file

    def column(self, name: str) -> Iterator[pl.Series]:
        """All values of a column, piece by piece."""
        for file in self.files:
            for raw in file.read(ROWS):
                yield raw.frame[name]


def read_sample(path: str, name: str) -> Sample:
    """Reads the first rows of a table: of some of its files, from the first to the last.

    Args:
        path: A file, a folder or a glob.
        name: `events`, `items` or `users`, for messages.

    Raises:
        DataError: There is no such file, or it cannot be read.
        InitError: It is empty or has no header.
    """
    found = table_files(Table(path=path), name)
    separator = _separator(found[0], name)
    table = Table(path=path, separator=separator or ",")
    files = [_with_all_columns(RawFile.of(file, table, Wanted(name, []))) for file in found]
    spread = min(_FILES, len(files))
    picked = [files[place * (len(files) - 1) // max(1, spread - 1)] for place in range(spread)]
    most = ROWS // spread
    heads = [head for file in picked for head in _head(file, most + 1)]
    if not heads:
        raise InitError(f"a table must hold rows. Received: {found[0]}, which has none.")
    complete = spread == len(files) and all(len(head) <= most for head in heads)
    frame = pl.concat([head.head(most) for head in heads], how="diagonal_relaxed")
    return Sample(path, tuple(files), separator, frame, complete)


def _separator(file: TableFile, name: str) -> str | None:
    if not file.size:
        raise InitError(f"a table must hold rows. Received: {file}, which is empty. Write it anew.")
    return None if is_parquet(file) else _sniff(csv_head(file.path, ",", name), file)


def _with_all_columns(file: RawFile) -> RawFile:
    """The same file with every column, and the keys of its Hive folders, under their names."""
    keys = dict(file.file.partition.columns)
    constants = {key: value for key, value in keys.items() if key not in file.names}
    return dataclasses.replace(file, chosen=Chosen({n: n for n in file.names}, constants))


def _head(file: RawFile, rows: int) -> Iterator[pl.DataFrame]:
    """The first rows, if there are any."""
    for raw in itertools.islice(file.read(rows), 1):
        if len(raw.frame):
            yield raw.frame


def _sniff(head: bytes, file: TableFile) -> str:
    """The separator that divides the first lines into the same number of columns, two or more."""
    if not head.strip():
        raise InitError(f"a table must hold rows. Received: {file}, which is empty. Write it anew.")
    lines = head.decode("utf-8-sig", errors="replace").splitlines()
    lines = [line for line in (lines[:-1] or lines) if line.strip()][:_LINES]
    columns = {separator: _columns(lines, separator) for separator in _SEPARATORS}
    separator = max(columns, key=lambda candidate: columns[candidate])
    if columns[separator] < 2:
        raise InitError(
            "a CSV must have a header line and columns parted by a comma, tab, semicolon or bar, "
            f"the same number in each line. Received: {file}, which begins with {lines[0][:80]!r}. "
            "Write it anew, or as Parquet."
        )
    header = next(csv.reader(lines, delimiter=separator))
    if all(_is_number(name) for name in header):
        raise InitError(
            f"a CSV must begin with a line of column names. Received: {file}, which begins with "
            f"{lines[0][:80]!r}. Add a header line, such as "
            f"{separator.join(['user_id', 'item_id', 'event_time'])!r}."
        )
    return separator


def _columns(lines: list[str], separator: str) -> int:
    counts = {len(row) for row in itertools.islice(csv.reader(lines, delimiter=separator), _LINES)}
    return counts.pop() if len(counts) == 1 else 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
