"""The event log, read and normalised: every row becomes an event, a duplicate or a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transform.errors import DataError
from transform.features import EVENT_TIME, EVENT_TYPE, ITEM_ID, USER_ID, Feature
from transform.raw_tables import RawTable, Wanted, read_raw
from transform.settings import Table
from transform.state import DEFAULT_EVENT_TYPE
from transform.times import unix_seconds
from transform.values import feature_values, id_column, refuse_mixed, text_or_missing

# Clocks disagree a little; what lies further ahead than this is refused as future.
_CLOCK_TOLERANCE_SECONDS = 24 * 3600
# A few wrong clocks are dead letters; more than this is a wrong column or unit.
MAX_FUTURE_SHARE = 0.01

REASON = "reason"
NO_USER = "user_id is missing"
NO_ITEM = "item_id is missing"
NO_TIME = "event_time is missing or not a time"
FUTURE = "event_time lies in the future"
LINE_BREAK = "an id holds a line break"


@dataclass(frozen=True)
class Events:
    """The events, and where every other row of the files went.

    Attributes:
        frame: `user_id`, `item_id`, `event_type` (text), `event_time` (unix seconds) and the
            context features, in input order, every event once.
        rows: Rows in the files: events + duplicates + dead letters.
        duplicates: Rows that repeat user, item, time and type of an earlier one.
        dead_letters: Every rejected row: `file`, `row` (from 1, without the header), the values
            of `user_id`, `item_id`, `event_time` and `event_type` as text, and `reason`.
    """

    frame: pl.DataFrame
    rows: int
    duplicates: int
    dead_letters: pl.DataFrame


def read_events(table: Table, features: Sequence[Feature], *, now: float) -> Events:
    """Reads and checks the event log.

    Args:
        table: Where it lies.
        features: Declared context features.
        now: The present in unix seconds, which future-dated events are held against.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    wanted = Wanted(
        "events",
        required=[USER_ID, ITEM_ID, EVENT_TIME, *(feature.name for feature in features)],
        optional=[EVENT_TYPE],
    )
    kinds = IdKinds()
    parts = [_Part.of(raw, table, features, kinds, now) for raw in read_raw(table, wanted)]
    kept = pl.concat([part.kept for part in parts])
    dead = pl.concat([part.dead for part in parts])
    _refuse_unusable(kept, dead, table)
    if kinds.is_text(USER_ID) and not table.text_ids:
        refuse_mixed(kept[USER_ID], f"The column `user_id` of {table.path}")
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
        frame = pl.DataFrame(columns).with_columns(_reason(now).alias(REASON))
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


def _refuse_unusable(kept: pl.DataFrame, dead: pl.DataFrame, table: Table) -> None:
    rows = len(kept) + len(dead)
    if not rows:
        raise DataError(
            f"`data.events` must hold events. Received: {table.path!r} with a header and no row. "
            "Check the export that wrote it."
        )
    future = int((dead[REASON] == FUTURE).sum())
    if future > MAX_FUTURE_SHARE * rows:
        latest = dead.filter(pl.col(REASON) == FUTURE)[EVENT_TIME][0]
        raise DataError(
            f"At most {MAX_FUTURE_SHARE:.0%} of the events may lie in the future. Received: "
            f"{future} of {rows}, such as event_time {latest!r} in `time_unit: {table.time_unit}`. "
            "Correct the clock, or map the column that holds the times and set its `time_unit`."
        )
    if not len(kept):
        reasons = dict(dead[REASON].value_counts().iter_rows())
        raise DataError(
            f"`data.events` must hold rows with user_id, item_id and event_time. Received: {rows} "
            f"rows, none of them whole ({reasons}). Check `data.events.columns`."
        )
