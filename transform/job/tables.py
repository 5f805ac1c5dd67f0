"""Files on any Beam file system; of Arrow tables a range of rows can be read alone.

Tables travel between the stages of a pipeline in such files, not through the runner: a runner
pickles whatever it carries, which costs more than the work itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

# Rows of a record batch: what is read at least.
_BATCH_ROWS = 1 << 15


def join(folder: str, name: str) -> str:
    """Path of a file in a folder."""
    return str(FileSystems.join(folder, name))


def write_table(path: str, table: pl.DataFrame) -> None:
    """Writes a table under a temporary name first: half a file is never seen."""
    # In one piece, so that each batch but the last has as many rows as `read_rows` counts on.
    arrow = table.rechunk().to_arrow()
    with whole_file(path) as file, pa.ipc.new_file(file, arrow.schema) as writer:
        writer.write_table(arrow, max_chunksize=_BATCH_ROWS)


def write_parquet(path: str, table: pl.DataFrame) -> None:
    """Writes a table as Parquet, under a temporary name first."""
    with whole_file(path) as file:
        table.write_parquet(file)


def read_table(path: str) -> pl.DataFrame:
    """Reads a whole table."""
    with _reader(path) as reader:
        return pl.DataFrame(reader.read_all())


def read_rows(path: str, start: int, stop: int) -> pl.DataFrame:
    """Reads the rows `start:stop` of a table, and little more than these."""
    first = start // _BATCH_ROWS
    with _reader(path) as reader:
        last = min(-(-stop // _BATCH_ROWS), reader.num_record_batches)
        batches = [reader.get_batch(number) for number in range(first, last)]
        table = pa.Table.from_batches(batches, reader.schema)
        return pl.DataFrame(table.slice(start - first * _BATCH_ROWS, stop - start))


def write_text(path: str, text: str) -> None:
    """Writes a text file under a temporary name first."""
    with whole_file(path) as file:
        file.write(text.encode())


def read_text(path: str) -> str | None:
    """Reads a text file; None if there is none."""
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, compression_type="uncompressed") as file:
        text: str = file.read().decode()
    return text


@contextmanager
def whole_file(path: str) -> Iterator[Any]:
    """A file to write that appears under its name when it is complete."""
    folder, name = FileSystems.split(path)
    temporary = join(folder, f".{name}.{uuid.uuid4().hex}.part")
    # Suffixes such as .gz would make Beam compress what is compressed already.
    try:
        with FileSystems.create(temporary, compression_type="uncompressed") as file:
            yield file
    except BaseException:
        FileSystems.delete([temporary])
        raise
    FileSystems.rename([temporary], [path])


def make_folder(folder: str) -> None:
    """Makes a folder that several workers may want at once."""
    if FileSystems.exists(folder):
        return
    try:
        FileSystems.mkdirs(folder)
    except OSError:
        # Another worker may have been faster.
        if not FileSystems.exists(folder):
            raise


def remove_folder(folder: str) -> None:
    """Removes a folder and all that it holds, if there is one."""
    if FileSystems.exists(folder):
        FileSystems.delete([folder])


@contextmanager
def _reader(path: str) -> Iterator[pa.RecordBatchFileReader]:
    if Path(path).exists():
        # Mapped, not read: a range of rows costs only its own pages.
        with pa.memory_map(path) as source:
            yield pa.ipc.open_file(source)
    else:
        with FileSystems.open(path, compression_type="uncompressed") as source:
            yield pa.ipc.open_file(pa.PythonFile(source, mode="r"))
