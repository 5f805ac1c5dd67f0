"""Files -> columns under our names, as the file has them: text from CSV, typed from Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from transform.errors import DataError
from transform.reading.csv_files import BLOCK_BYTES as CSV_BLOCK_BYTES
from transform.reading.csv_files import csv_names, read_csv
from transform.reading.digests import in_total_order
from transform.reading.file_access import open_binary
from transform.reading.files import TableFile, table_files
from transform.reading.parquet_files import (
    MAGIC,
    column_bytes,
    first_rows,
    parquet_layout,
    read_row_groups,
)
from transform.reading.raw_columns import Chosen, Wanted, choose, refuse_unknown
from transform.settings import Table

_SAMPLE_BLOCK_BYTES = 1 << 19
_ENTITY_ROWS = 1 << 20


@dataclass(frozen=True)
class RawTable:
    """Rows of a file of a table.

    Attributes:
        file: Where it lies.
        is_text: Whether it is a CSV, so that every column is text.
        frame: The wanted columns that exist, under our names.
    """

    file: TableFile
    is_text: bool
    frame: pl.DataFrame


@dataclass(frozen=True)
class RawFile:
    """A file of a table, ready to be read.

    Attributes:
        file: Where it lies.
        table: How it is to be read.
        names: All its columns.
        chosen: Where ours come from.
        group_rows: Rows of each row group of a Parquet file; None for a CSV.
        wanted: What is wanted of it.
    """

    file: TableFile
    table: Table
    names: tuple[str, ...]
    chosen: Chosen
    group_rows: tuple[int, ...] | None
    wanted: Wanted

    @classmethod
    def of(cls, file: TableFile, table: Table, wanted: Wanted) -> RawFile:
        """Reads the header or footer of a file.

        Raises:
            DataError: If the file is empty, cut off or unreadable, or lacks a column.
        """
        if is_parquet(file):
            layout = parquet_layout(file.path, file.size)
            names, rows = layout.names, layout.rows
        else:
            names, rows = csv_names(file.path, table.separator, wanted.name), None
        return cls(file, table, names, choose(file, names, table, wanted), rows, wanted)

    def read(self, most_rows: int, row_groups: Sequence[int] | None = None) -> Iterator[RawTable]:
        """Reads all rows, or those of some row groups, at most so many at once.

        Raises:
            DataError: If the file is damaged.
        """
        if self.group_rows is None:
            frames = _regrouped(self._blocks(CSV_BLOCK_BYTES), most_rows)
        else:
            groups = range(len(self.group_rows)) if row_groups is None else row_groups
            frames = read_row_groups(self.file.path, self._theirs, groups, most_rows)
        for frame in frames:
            yield self._under_our_names(frame)

    def sample(self, rows: int) -> RawTable:
        """The first rows.

        Raises:
            DataError: If the file is damaged.
        """
        if self.group_rows is None:
            nothing = pl.DataFrame(schema=dict.fromkeys(self._theirs, pl.String))
            head = next(self._blocks(_SAMPLE_BLOCK_BYTES), nothing).head(rows)
        else:
            head = first_rows(self.file.path, self._theirs, rows)
        return self._under_our_names(head)

    def rows_of(self, row_groups: Sequence[int] | None) -> int | None:
        """Rows that reading must give, by the footer of a Parquet file; None for a CSV."""
        if self.group_rows is None:
            return None
        groups = range(len(self.group_rows)) if row_groups is None else row_groups
        return sum(self.group_rows[group] for group in groups)

    def bytes_of(self, row_groups: Sequence[int] | None) -> int:
        """Bytes that reading takes: of a Parquet file only those of the wanted columns."""
        if row_groups is None:
            return self.file.size
        return column_bytes(self.file.path, self._theirs, row_groups)

    @property
    def _theirs(self) -> list[str]:
        return list(dict.fromkeys(self.chosen.columns.values()))

    def _blocks(self, block_bytes: int) -> Iterator[pl.DataFrame]:
        separator = self.table.separator
        return read_csv(
            self.file.path, separator, self.names, self._theirs, self.wanted.name, block_bytes
        )

    def _under_our_names(self, frame: pl.DataFrame) -> RawTable:
        columns = [pl.col(theirs).alias(ours) for ours, theirs in self.chosen.columns.items()]
        constants = [
            pl.lit(value, pl.String).alias(ours) for ours, value in self.chosen.constants.items()
        ]
        chosen = frame.select(*columns, *constants)
        plain = chosen.with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
        return RawTable(self.file, self.group_rows is None, plain)


def open_files(files: Iterable[TableFile], table: Table, wanted: Wanted) -> list[RawFile]:
    """Files of a table, ready to be read.

    Raises:
        DataError: If one is empty, cut off or unreadable, or lacks a column, or if the settings
            map a name that is not ours.
    """
    refuse_unknown(table, wanted)
    return [RawFile.of(file, table, wanted) for file in files]


def read_raw(table: Table, wanted: Wanted) -> Iterator[RawTable]:
    """Reads the wanted columns of a whole table, file by file, in the total order of the files.

    Raises:
        DataError: If a file is missing, empty, damaged or lacks a column.
    """
    files = [file for file, _ in in_total_order(table_files(table, wanted.name))]
    for file in open_files(files, table, wanted):
        parts = list(file.read(_ENTITY_ROWS)) or [file.sample(0)]
        yield RawTable(file.file, parts[0].is_text, pl.concat(part.frame for part in parts))


def is_parquet(file: TableFile) -> bool:
    """Whether a file is Parquet, by its first bytes; otherwise it is taken for a CSV.

    Raises:
        DataError: If it is empty, or only called Parquet.
    """
    with open_binary(file.path) as stream:
        head = stream.read(len(MAGIC))
    if not head:
        raise DataError(f"{file} must hold rows. Received: an empty file (0 bytes). Write it anew.")
    if head != MAGIC and file.path.endswith((".parquet", ".pq")):
        raise DataError(
            f"{file} must be a Parquet file, which begins with the bytes 'PAR1'. "
            f"Received: {head!r}. Write it anew, or give a CSV another suffix."
        )
    return head == MAGIC


def _regrouped(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows, so many at once."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        while sum(map(len, held)) >= rows:
            whole = pl.concat(held)
            yield whole[:rows]
            held = [whole[rows:]]
    if sum(map(len, held)):
        yield pl.concat(held)
