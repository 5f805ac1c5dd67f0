"""The beginning of a table: its format, its columns, its first rows."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from pathlib import Path

import polars as pl

from pipeline.starter.errors import InitError
from transform.files import table_files
from transform.settings import Table

ROWS = 200_000
_SEPARATORS = (",", "\t", ";", "|")
_LINES = 50
_PARQUET_MAGIC = b"PAR1"


@dataclasses.dataclass(frozen=True)
class Sample:
    """What was looked at.

    Attributes:
        path: As the user gave it.
        file: The file that was read: the first, where the path leads to several.
        separator: Field separator; None for Parquet.
        frame: The first rows, CSV columns as text.
        complete: True where these are all rows of the file.
    """

    path: str
    file: Path
    separator: str | None
    frame: pl.DataFrame
    complete: bool


def read_sample(path: str, name: str) -> Sample:
    """Reads the first rows of a table.

    Args:
        path: A file, a folder or a glob.
        name: `events`, `items` or `users`, for messages.

    Raises:
        DataError: There is no such file.
        InitError: It is empty, has no header, or cannot be read.
    """
    file = table_files(Table(path=path), name)[0]
    try:
        with file.open("rb") as stream:
            head = stream.read(1 << 16)
        separator = None if head.startswith(_PARQUET_MAGIC) else _sniff(head, file)
        frame = _read(file, separator)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        said = str(error).strip().splitlines()
        raise InitError(
            f"a table must be Parquet, or CSV in UTF-8. Received: {file}, which fails with "
            f"'{said[0] if said else type(error).__name__}'. Write the file anew in one of the two."
        ) from error
    if frame.is_empty():
        raise InitError(f"a table must hold rows. Received: {file}, which has none.")
    return Sample(path, file, separator, frame.head(ROWS), complete=frame.height <= ROWS)


def _read(file: Path, separator: str | None) -> pl.DataFrame:
    if separator is None:
        return pl.scan_parquet(file).head(ROWS + 1).collect()
    return pl.read_csv(
        file, separator=separator, infer_schema=False, n_rows=ROWS + 1, truncate_ragged_lines=True
    )


def _sniff(head: bytes, file: Path) -> str:
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
