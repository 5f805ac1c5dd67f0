"""CSV files: chosen columns as text, in bounded memory, compressed or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.csv

from transform.errors import DataError
from transform.reading.file_access import open_binary

BLOCK_BYTES = 1 << 22
_HEAD_BYTES = 1 << 18
_TAIL_BYTES = 1 << 16
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}


def csv_head(path: str, separator: str, table: str) -> bytes:
    """The first lines, decompressed.

    Raises:
        DataError: If the file cannot be decompressed.
    """
    with _opened(path, separator, table) as stream:
        head = bytes(stream.read(_HEAD_BYTES))
    return head[: head.rfind(b"\n") + 1] or head


def csv_names(path: str, separator: str, table: str) -> tuple[str, ...]:
    """Names of the columns.

    Raises:
        DataError: If there is no header, or the file is cut off or no UTF-8.
    """
    head = csv_head(path, separator, table)
    with _named(path, separator, table):
        lines = io.StringIO(head.decode("utf-8-sig"), newline="")
        names = tuple(next((row for row in csv.reader(lines, delimiter=separator) if row), ()))
    _refuse_cut_off(path, separator, len(names))
    return names


def read_csv(
    path: str,
    separator: str,
    names: Sequence[str],
    columns: Sequence[str],
    table: str,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[pl.DataFrame]:
    """Reads columns as text, block by block; null where a field is empty.

    Args:
        path: Where the file lies.
        separator: Field separator.
        names: All columns of the file.
        columns: Those to read.
        table: What the table is called in the settings, for messages.
        block_bytes: Bytes of a block; a row must fit into it.

    Raises:
        DataError: If a row has another number of columns, or the file is no UTF-8 or cut off.
    """
    # By place, as nothing keeps a header from naming two columns alike.
    places = [str(place) for place in range(len(names))]
    wanted = [places[names.index(column)] for column in columns]
    with (
        _opened(path, separator, table) as stream,
        pa.csv.open_csv(
            stream,
            pa.csv.ReadOptions(
                block_size=block_bytes, column_names=places, skip_rows_after_names=1
            ),
            pa.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.large_string()),
                include_columns=wanted,
                strings_can_be_null=True,
                null_values=[""],
            ),
        ) as blocks,
    ):
        for block in blocks:
            frame = pl.DataFrame(pl.from_arrow(block))
            yield frame.rename(dict(zip(wanted, columns, strict=True)))


@contextmanager
def _opened(path: str, separator: str, table: str) -> Iterator[Any]:
    """Opens a file, decompressed; names it in what goes wrong."""
    with _named(path, separator, table), open_binary(path) as stream:
        compression = _compression(stream)
        if compression is None:
            yield stream
        else:
            with pa.CompressedInputStream(pa.PythonFile(stream, "r"), compression) as plain:
                yield plain


@contextmanager
def _named(path: str, separator: str, table: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{path} must be a CSV in UTF-8 with one header line and the separator "
            f"{separator!r}. Received: one that fails with '{said}'. "
            f"Correct the file, or set `separator` of `data.{table}`."
        ) from error


def _compression(stream: IO[bytes]) -> str | None:
    head = stream.read(4)
    stream.seek(0)
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)


def _refuse_cut_off(path: str, separator: str, columns: int) -> None:
    """Refuses a plain CSV whose last line stops before its last column."""
    with open_binary(path) as stream:
        if _compression(stream):
            return  # a compressed file that is cut off fails when it is read
        size = stream.seek(0, 2)
        stream.seek(-min(size, _TAIL_BYTES), 2)
        last = stream.read().rsplit(b"\n", 1)[-1]
    if last.strip() and b'"' not in last and last.count(separator.encode()) < columns - 1:
        raise DataError(
            f"{path} must end with a whole line of {columns} columns. Received the last line "
            f"{last.decode(errors='replace')!r}: the file is cut off. Copy or write it anew."
        )
