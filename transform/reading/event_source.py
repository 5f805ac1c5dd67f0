"""The event log, read and normalised: every row becomes an event, a duplicate or a dead letter."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from transform.errors import DataError
from transform.features import (
    EVENT_TIME,
    EVENT_TYPE,
    ITEM_ID,
    ORDER,
    USER_ID,
    Feature,
    Side,
)
from transform.reading.digests import in_total_order
from transform.reading.event_formats import OPTIONAL, EventFormats
from transform.reading.event_rows import FUTURE as FUTURE
from transform.reading.event_rows import REASON as REASON
from transform.reading.event_rows import normalise
from transform.reading.files import chosen_files, table_files
from transform.reading.raw_columns import Wanted
from transform.reading.raw_tables import RawFile, open_files
from transform.settings import DataSettings

# A few wrong clocks are dead letters; more than this is a wrong column or unit.
MAX_FUTURE_SHARE = 0.01
# Enough for columnar speed, and as many as most tools write into a row group of Parquet; a few
# hundred megabytes with some columns of text.
ROWS_PER_PART = 1 << 20
# Of `order`, below the rank of the file.
_ROW_BITS = 40


@dataclass(frozen=True)
class EventChunk:
    """A piece of the log that is read at once.

    Attributes:
        file: Where it lies.
        rank: Place of the file in the total order of files.
        row_groups: Numbers of the row groups of a Parquet file; None for all of a CSV.
        first_row: Number of the chunk's first row within the file, from 0.
    """

    file: str
    rank: int
    row_groups: tuple[int, ...] | None
    first_row: int


@dataclass(frozen=True)
class EventPart:
    """Some rows of a chunk, normalised.

    Attributes:
        frame: `user_id`, `item_id`, `event_type` (text), `event_time` (int64 unix seconds),
            `order` (int64, the input order), the context features, and those of `event_id`
            (text), `request_id` (text), `position` (int64) that the log has.
        dead: Every rejected row: `file`, `row` (from 1, without the header), the values of
            `user_id`, `item_id`, `event_time` and `event_type` as text, and `reason`.
        bytes_read: Bytes that were read for it.
    """

    frame: pl.DataFrame
    dead: pl.DataFrame
    bytes_read: int

    @property
    def rows(self) -> int:
        """Rows of the file that it came from."""
        return len(self.frame) + len(self.dead)


@dataclass(frozen=True)
class EventReader:
    """The event log, chunk by chunk; small enough to travel to workers.

    Attributes:
        chunks: What is to be read.
        partitions: Names of the partitions that are read.
        bytes_total: Bytes of all files below the path, also of those that are not read.
        files: The files that are read, by their rank: by partition, then by content.
        formats: How their columns are written.
        features: Declared context features.
        now: The present in unix seconds, which future-dated events are held against.
        rows_per_part: Rows that are held at once, at most.
    """

    chunks: tuple[EventChunk, ...]
    partitions: tuple[str, ...]
    bytes_total: int
    files: tuple[RawFile, ...]
    formats: EventFormats
    features: tuple[Feature, ...]
    now: float
    rows_per_part: int

    @classmethod
    def open(
        cls,
        data: DataSettings,
        features: Sequence[Feature],
        *,
        now: float | None = None,
        rows_per_part: int = ROWS_PER_PART,
    ) -> EventReader:
        """Lists the files of the log, looks into each and decides how they are to be read.

        Args:
            data: Where the log lies.
            features: Declared features.
            now: The present in unix seconds; by default the time of the call.
            rows_per_part: Rows to hold at once; chunks hold about as many, where files allow.

        Raises:
            DataError: If a file is missing, damaged or lacks a column, a column does not hold what
                it must, or the window reaches no partition.
        """
        context = tuple(feature for feature in features if feature.side is Side.CONTEXT)
        wanted = Wanted(
            "events",
            required=[USER_ID, ITEM_ID, EVENT_TIME, *(feature.name for feature in context)],
            optional=[EVENT_TYPE, *OPTIONAL],
        )
        found = table_files(data.events, "events")
        ordered = [file for file, _ in in_total_order(chosen_files(found, data.window))]
        files = open_files(ordered, data.events, wanted)
        return cls(
            tuple(
                chunk
                for rank, file in enumerate(files)
                for chunk in _chunks(file, rank, rows_per_part)
            ),
            tuple(dict.fromkeys(file.partition.name for file in ordered if file.partition.name)),
            sum(file.size for file in found),
            tuple(files),
            EventFormats.of(files, data.events, context),
            context,
            time.time() if now is None else now,
            rows_per_part,
        )

    def read(self, chunk: EventChunk) -> Iterator[EventPart]:
        """Reads and normalises a chunk in bounded memory.

        Raises:
            DataError: If it cannot be read, or its ids are of another kind than elsewhere.
        """
        file = self.files[chunk.rank]
        size = file.bytes_of(chunk.row_groups)
        first_row = chunk.first_row
        rows = file.rows_of(chunk.row_groups)
        for raw in file.read(self.rows_per_part, chunk.row_groups):
            frame, dead = normalise(raw, self.formats, self.features, first_row, self.now)
            order = pl.col(ORDER) + (chunk.rank << _ROW_BITS)
            yield EventPart(frame.with_columns(order), dead, size)
            first_row, size = first_row + len(raw.frame), 0
        if rows is not None and first_row - chunk.first_row != rows:
            raise DataError(
                f"A file must not change while it is read. Received: {file.file.path} with "
                f"{first_row - chunk.first_row} rows, where its footer said {rows}. Run again."
            )


def _chunks(file: RawFile, rank: int, most_rows: int) -> Iterator[EventChunk]:
    """Divides a Parquet file into runs of row groups; a CSV stays whole."""
    if file.group_rows is None:
        yield EventChunk(file.file.path, rank, None, 0)
        return
    groups: list[int] = []
    first_row = rows = 0
    for group, count in enumerate(file.group_rows):
        if groups and rows + count > most_rows:
            yield EventChunk(file.file.path, rank, tuple(groups), first_row)
            groups, first_row, rows = [], first_row + rows, 0
        groups.append(group)
        rows += count
    if rows:
        yield EventChunk(file.file.path, rank, tuple(groups), first_row)


def refuse_unusable(rows: int, dead_by_reason: Mapping[str, int], sample: pl.DataFrame) -> None:
    """Refuses a log that as a whole is of no use.

    Args:
        rows: Rows of the log, dead letters among them.
        dead_by_reason: Dead letters by reason.
        sample: Some dead letters, of each reason at least one.

    Raises:
        DataError: If there are no rows, no whole rows, or many that lie in the future.
    """
    if not rows:
        raise DataError(
            "`data.events` must hold events. Received: files with a header and no row. "
            "Check the export that wrote them."
        )
    future = dead_by_reason.get(FUTURE, 0)
    if future > MAX_FUTURE_SHARE * rows:
        latest = sample.filter(pl.col(REASON) == FUTURE)[EVENT_TIME].first()
        raise DataError(
            f"At most {MAX_FUTURE_SHARE:.0%} of the events may lie in the future. Received: "
            f"{future} of {rows}, such as event_time {latest!r}. Correct the clock, or map the "
            "column that holds the times and set the table's `time_unit`."
        )
    if sum(dead_by_reason.values()) == rows:
        raise DataError(
            f"`data.events` must hold rows with user_id, item_id and event_time. Received: {rows} "
            f"rows, none of them whole ({dict(dead_by_reason)}). Check `data.events.columns`."
        )
