"""The event log, read and normalised: every row becomes an event, a duplicate or a dead letter."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transform.errors import DataError
from transform.features import EVENT_TIME, EVENT_TYPE, ITEM_ID, USER_ID, Feature, Side
from transform.files import table_files
from transform.raw_tables import RawTable, Wanted, read_file
from transform.settings import DataSettings, Table
from transform.state import DEFAULT_EVENT_TYPE
from transform.times import unix_seconds
from transform.values import feature_values, id_column, refuse_mixed, text_or_missing

# Clocks disagree a little; what lies further ahead than this is refused as future.
_CLOCK_TOLERANCE_SECONDS = 24 * 3600
# A few wrong clocks are dead letters; more than this is a wrong column or unit.
MAX_FUTURE_SHARE = 0.01

# The input order of an event: rank of its file, then row.
ORDER = "order"

REASON = "reason"
NO_USER = "user_id is missing"
NO_ITEM = "item_id is missing"
NO_TIME = "event_time is missing or not a time"
FUTURE = "event_time lies in the future"
LINE_BREAK = "an id holds a line break"


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
        optional: Which of `event_id`, `request_id`, `position` the log has.
        partitions: Names of the partitions that are read.
        bytes_total: Bytes of all files below the path, also of those that are not read.
        table: Where the log lies.
        features: Declared context features.
        now: The present in unix seconds, which future-dated events are held against.
    """

    chunks: tuple[EventChunk, ...]
    optional: tuple[str, ...]
    partitions: tuple[str, ...]
    bytes_total: int
    table: Table
    features: tuple[Feature, ...]
    now: float

    @classmethod
    def open(
        cls, data: DataSettings, features: Sequence[Feature], *, now: float | None = None
    ) -> EventReader:
        """Lists the files of the log and how to read them.

        Args:
            data: Where the log lies.
            features: Declared features.
            now: The present in unix seconds; by default the time of the call.

        Raises:
            DataError: If a file is missing, unreadable or lacks a column.
        """
        files = table_files(data.events, "events")
        chunks = [EventChunk(str(file), rank, None, 0) for rank, file in enumerate(files)]
        return cls(
            tuple(chunks),
            (),
            (),
            sum(file.stat().st_size for file in files),
            data.events,
            tuple(feature for feature in features if feature.side is Side.CONTEXT),
            time.time() if now is None else now,
        )

    def read(self, chunk: EventChunk) -> Iterator[EventPart]:
        """Reads and normalises a chunk in bounded memory.

        Raises:
            DataError: If it cannot be read, or a column as a whole is not what it should be.
        """
        yield self.read_with(IdKinds(), chunk)

    def read_with(self, kinds: IdKinds, chunk: EventChunk) -> EventPart:
        """Reads a whole chunk and holds it to the kinds of id that were seen before."""
        wanted = Wanted(
            "events",
            required=[USER_ID, ITEM_ID, EVENT_TIME, *(feature.name for feature in self.features)],
            optional=[EVENT_TYPE],
        )
        raw = read_file(Path(chunk.file), self.table, wanted)
        part = _Part.of(raw, self.table, self.features, kinds, self.now)
        size = Path(chunk.file).stat().st_size
        return EventPart(
            part.kept.with_columns(pl.col(ORDER) + (chunk.rank << 40)), part.dead, size
        )


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


@dataclass(frozen=True)
class Events:
    """The whole log in one frame.

    Attributes:
        frame: As in EventPart without `order`, in input order, every event once.
        rows: Rows in the files: events + duplicates + dead letters.
        duplicates: Rows that repeat user, item, time and type of an earlier one.
        dead_letters: See EventPart.
    """

    frame: pl.DataFrame
    rows: int
    duplicates: int
    dead_letters: pl.DataFrame


def read_events(data: DataSettings, features: Sequence[Feature], *, now: float) -> Events:
    """Reads and checks the whole event log; see EventReader.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    reader = EventReader.open(data, features, now=now)
    kinds = IdKinds()
    parts = [reader.read_with(kinds, chunk) for chunk in reader.chunks]
    kept = pl.concat([part.frame for part in parts]).drop(ORDER)
    dead = pl.concat([part.dead for part in parts])
    reasons = dict(dead[REASON].value_counts(sort=True).iter_rows())
    refuse_unusable(len(kept) + len(dead), reasons, dead)
    if kinds.is_text(USER_ID) and not data.events.text_ids:
        refuse_mixed(kept[USER_ID], f"The column `user_id` of {data.events.path}")
    frame = kept.unique(
        [USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE], keep="first", maintain_order=True
    )
    return Events(frame, len(kept) + len(dead), len(kept) - len(frame), dead)


class IdKinds:
    """Holds the files of a table to one kind of id a column."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, Path]] = {}
        self._from_csv: set[str] = set()

    def column(self, raw: RawTable, name: str) -> pl.Series:
        """The ids of a file as text.

        Raises:
            DataError: If they are of another kind than in an earlier file, or are no ids.
        """
        ids, kind = id_column(raw.frame[name], f"The column `{name}` of {raw.file}")
        if raw.is_text:
            self._from_csv.add(name)
            return ids
        if not ids.count():
            return ids
        first_kind, first_file = self._seen.setdefault(name, (kind, raw.file))
        if kind != first_kind:
            raise DataError(
                f"The column `{name}` must be of one type in all files. Received: mixed types, "
                f"{first_kind} in {first_file} and {kind} in {raw.file}. Write all files with "
                "one type."
            )
        return ids

    def is_text(self, name: str) -> bool:
        """Whether the ids were read from CSV, where the file says nothing of their type."""
        return name in self._from_csv


@dataclass(frozen=True)
class _Part:
    """The rows of one file."""

    kept: pl.DataFrame
    dead: pl.DataFrame

    @classmethod
    def of(
        cls, raw: RawTable, table: Table, features: Sequence[Feature], kinds: IdKinds, now: float
    ) -> _Part:
        columns = [
            kinds.column(raw, USER_ID).alias(USER_ID),
            kinds.column(raw, ITEM_ID).alias(ITEM_ID),
            unix_seconds(
                raw.frame[EVENT_TIME],
                table.time_unit,
                f"The column `event_time` of {raw.file}",
            ).alias(EVENT_TIME),
            _event_types(raw.frame).alias(EVENT_TYPE),
        ]
        for feature in features:
            where = f"The column `{feature.name}` of {raw.file}"
            values = feature_values(raw.frame[feature.name], feature, where, table.time_unit)
            columns.append(values.alias(feature.name))
        row = pl.int_range(pl.len(), dtype=pl.Int64)
        frame = pl.DataFrame(columns).with_columns(_reason(now).alias(REASON), row.alias(ORDER))
        rejected = frame[REASON].is_not_null()
        dead = (
            raw.frame.with_row_index("row", offset=1)
            .with_columns(frame[REASON], pl.lit(str(raw.file)).alias("file"))
            .filter(rejected)
        )
        return cls(frame.filter(~rejected).drop(REASON), _as_text(dead))


def _reason(now: float) -> pl.Expr:
    """Why a row is rejected; null where it is not."""
    breaks = pl.any_horizontal(pl.col(USER_ID, ITEM_ID).str.contains(r"[\r\n]"))
    return (
        pl.when(pl.col(USER_ID).is_null())
        .then(pl.lit(NO_USER))
        .when(pl.col(ITEM_ID).is_null())
        .then(pl.lit(NO_ITEM))
        .when(pl.col(EVENT_TIME).is_null())
        .then(pl.lit(NO_TIME))
        .when(pl.col(EVENT_TIME) > now + _CLOCK_TOLERANCE_SECONDS)
        .then(pl.lit(FUTURE))
        .when(breaks)
        .then(pl.lit(LINE_BREAK))
    )


def _event_types(frame: pl.DataFrame) -> pl.Series:
    if EVENT_TYPE not in frame.columns:
        return pl.Series([DEFAULT_EVENT_TYPE]).new_from_index(0, len(frame))
    return text_or_missing(frame[EVENT_TYPE].cast(pl.String)).fill_null(DEFAULT_EVENT_TYPE)


def _as_text(dead: pl.DataFrame) -> pl.DataFrame:
    values = [USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE]
    return dead.select(
        "file",
        pl.col("row").cast(pl.Int64),
        *(
            pl.col(name).cast(pl.String)
            if name in dead.columns
            else pl.lit(None, pl.String).alias(name)
            for name in values
        ),
        REASON,
    )
