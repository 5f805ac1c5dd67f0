"""Files -> columns under our names, as the file has them: text from CSV, typed from Parquet."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transform.errors import DataError
from transform.files import table_files
from transform.settings import Table

_PARQUET_MAGIC = b"PAR1"
_SEPARATORS = ("\t", ";", "|", ",")


@dataclass(frozen=True)
class RawTable:
    """One file of a table.

    Attributes:
        file: Where it lies.
        is_text: Whether it is a CSV, so that every column is text.
        frame: The wanted columns that exist, under our names.
    """

    file: Path
    is_text: bool
    frame: pl.DataFrame


@dataclass(frozen=True)
class Wanted:
    """Columns to read, under our names.

    Attributes:
        name: What the table is called in the settings.
        required: Columns that must exist.
        optional: Columns that are read where they exist.
    """

    name: str
    required: Sequence[str]
    optional: Sequence[str] = ()


def read_raw(table: Table, wanted: Wanted) -> Iterator[RawTable]:
    """Reads the wanted columns of each file of a table, in the order of the files.

    Raises:
        DataError: If a file is missing, empty, cut off or unreadable, or lacks a column.
    """
    known = {*wanted.required, *wanted.optional}
    strange = [ours for ours in table.columns if ours not in known]
    if strange:
        raise DataError(
            f"`data.{wanted.name}.columns` must map names that the pipeline uses: "
            f"{_listed(sorted(known))}. Received: {strange[0]!r}{_nearest(strange[0], known)}. "
            "Correct the name, or declare it under `features`."
        )
    for file in table_files(table, wanted.name):
        yield read_file(file, table, wanted)


def read_file(file: Path, table: Table, wanted: Wanted) -> RawTable:
    """Reads the wanted columns of a file."""
    with file.open("rb") as stream:
        head = stream.read(len(_PARQUET_MAGIC))
    if not head:
        raise DataError(f"{file} must hold rows. Received: an empty file (0 bytes). Write it anew.")
    is_parquet = head == _PARQUET_MAGIC
    if not is_parquet and file.suffix in {".parquet", ".pq"}:
        raise DataError(
            f"{file} must be a Parquet file, which begins with the bytes 'PAR1'. "
            f"Received: {head!r}. Write it anew, or give a CSV another suffix."
        )
    if is_parquet:
        return RawTable(file, False, _read_parquet(file, table, wanted))
    return RawTable(file, True, _read_csv(file, table, wanted))


def _read_parquet(file: Path, table: Table, wanted: Wanted) -> pl.DataFrame:
    with file.open("rb") as stream:
        stream.seek(-len(_PARQUET_MAGIC), 2)
        tail = stream.read()
    if tail != _PARQUET_MAGIC or file.stat().st_size <= 2 * len(_PARQUET_MAGIC):
        raise DataError(
            f"{file} must be a whole Parquet file, which ends with the bytes 'PAR1'. "
            f"Received: one of {file.stat().st_size} bytes that ends with {tail!r}: it is cut off. "
            "Copy or write it anew."
        )
    try:
        names = list(pl.read_parquet_schema(file))
        chosen = _choose(file, names, table, wanted)
        frame = pl.read_parquet(file, columns=list(dict.fromkeys(chosen.values())))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{file} must be a readable Parquet file. Received: one that fails with "
            f"'{_first_line(error)}'. Copy or write it anew."
        ) from error
    return frame.select(pl.col(theirs).alias(ours) for ours, theirs in chosen.items())


def _read_csv(file: Path, table: Table, wanted: Wanted) -> pl.DataFrame:
    try:
        header = pl.read_csv(file, separator=table.separator, n_rows=0, infer_schema=False)
        chosen = _choose(file, header.columns, table, wanted)
        frame = pl.read_csv(
            file,
            separator=table.separator,
            columns=list(dict.fromkeys(chosen.values())),
            infer_schema=False,
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{file} must be a CSV in UTF-8 with one header line and the separator "
            f"{table.separator!r}. Received: one that fails with '{_first_line(error)}'. "
            f"Correct the file, or set `separator` of `data.{wanted.name}`."
        ) from error
    _refuse_cut_off(file, table.separator, len(header.columns))
    return frame.select(pl.col(theirs).alias(ours) for ours, theirs in chosen.items())


def _choose(file: Path, names: Sequence[str], table: Table, wanted: Wanted) -> dict[str, str]:
    """Our name -> the file's name for every wanted column that exists."""
    chosen = {}
    for ours in [*wanted.required, *wanted.optional]:
        theirs = table.columns.get(ours, ours)
        if theirs in names:
            chosen[ours] = theirs
        elif ours in wanted.required or ours in table.columns:
            raise DataError(_missing_column(file, names, ours, theirs, wanted.name))
    return chosen


def _missing_column(file: Path, names: Sequence[str], ours: str, theirs: str, table: str) -> str:
    if len(names) == 1:
        for separator in _SEPARATORS:
            if separator in names[0]:
                return (
                    f"{file} must have a column {theirs!r}. Received: the single column "
                    f"{names[0]!r}, so the separator seems to be {separator!r}. "
                    f"Set `separator: {separator!r}` of `data.{table}`."
                )
    guess = _guess(theirs, names) or "its name in the file"
    return (
        f"{file} must have a column {theirs!r}. Received: the columns {_listed(names)}"
        f"{_nearest(theirs, names)}. Map it in the settings, for example "
        f"`data: {{{table}: {{columns: {{{ours}: {guess}}}}}}}`."
    )


def _guess(name: str, known: Sequence[str]) -> str | None:
    lowered = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[close[0]] if close else None


def _nearest(name: str, known: Sequence[str] | set[str]) -> str:
    guess = _guess(name, list(known))
    return f"; the nearest is {guess!r}" if guess else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _refuse_cut_off(file: Path, separator: str, columns: int) -> None:
    """Refuses a plain CSV whose last line stops before its last column."""
    with file.open("rb") as stream:
        if stream.read(2) == b"\x1f\x8b":
            return  # a compressed file that is cut off fails its checksum
        stream.seek(0, 2)
        stream.seek(-min(stream.tell(), 1 << 16), 2)
        last = stream.read().rsplit(b"\n", 1)[-1]
    if last.strip() and b'"' not in last and last.count(separator.encode()) < columns - 1:
        raise DataError(
            f"{file} must end with a whole line of {columns} columns. Received the last line "
            f"{last.decode(errors='replace')!r}: the file is cut off. Copy or write it anew."
        )
