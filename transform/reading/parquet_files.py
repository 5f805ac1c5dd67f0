"""Parquet files: row groups of chosen columns, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from transform.errors import DataError
from transform.reading.file_access import is_remote, open_binary

MAGIC = b"PAR1"
# Memory that each column may read ahead, where a row group is too large to be read at once.
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class ParquetLayout:
    """What the footer of a file says.

    Attributes:
        names: Its columns.
        rows: Rows of each row group.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]


def parquet_layout(path: str, size: int) -> ParquetLayout:
    """Reads the footer.

    Raises:
        DataError: If the file is cut off or unreadable.
    """
    with open_binary(path) as stream:
        stream.seek(-len(MAGIC), 2)
        tail = stream.read()
    if tail != MAGIC or size <= 2 * len(MAGIC):
        raise DataError(
            f"{path} must be a whole Parquet file, which ends with the bytes 'PAR1'. "
            f"Received: one of {size} bytes that ends with {tail!r}: it is cut off. "
            "Copy or write it anew."
        )
    with _opened(path) as file:
        groups = range(file.metadata.num_row_groups)
        rows = tuple(file.metadata.row_group(group).num_rows for group in groups)
        return ParquetLayout(tuple(file.schema_arrow.names), rows)


def column_bytes(path: str, columns: Sequence[str], row_groups: Sequence[int]) -> int:
    """Compressed bytes of the columns in some row groups."""
    wanted, total = set(columns), 0
    with _opened(path) as file:
        for group in map(file.metadata.row_group, row_groups):
            for place in range(group.num_columns):
                column = group.column(place)
                if column.path_in_schema.partition(".")[0] in wanted:
                    total += column.total_compressed_size
    return total


def read_row_groups(
    path: str, columns: Sequence[str], row_groups: Sequence[int], most_rows: int
) -> Iterator[pl.DataFrame]:
    """Reads consecutive row groups, at most `most_rows` at once.

    Raises:
        DataError: If the file is unreadable.
    """
    if not row_groups:
        return
    with _opened(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in row_groups]
        before = sum(file.metadata.row_group(group).num_rows for group in range(row_groups[0]))
        if sum(sizes) <= most_rows and not is_remote(path):
            # Several times as fast, but it holds whole row groups.
            scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            yield scan.select(columns).slice(before, sum(sizes)).collect()
            return
        for batch in file.iter_batches(most_rows, row_groups=list(row_groups), columns=columns):
            yield pl.DataFrame(pl.from_arrow(batch))


def first_rows(path: str, columns: Sequence[str], rows: int) -> pl.DataFrame:
    """Reads the beginning, and not much more of the file than that.

    Raises:
        DataError: If the file is unreadable.
    """
    with _opened(path) as file:
        nothing = file.schema_arrow.empty_table().select(columns)
        groups = file.metadata.num_row_groups
        batches = file.iter_batches(max(1, rows), columns=columns) if groups else iter(())
        return pl.DataFrame(pl.from_arrow(next(batches, nothing))).head(rows)


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    """Opens a file so that columns are read piece by piece; names it in what goes wrong."""
    try:
        with open_binary(path) as stream:
            yield pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{path} must be a readable Parquet file. Received: one that fails with '{said}'. "
            "Copy or write it anew."
        ) from error
