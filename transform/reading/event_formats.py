"""How the columns of the event log are written, decided once for all its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from transform.errors import DataError
from transform.features import (
    EVENT_ID,
    EVENT_TIME,
    ITEM_ID,
    POSITION,
    REQUEST_ID,
    USER_ID,
    Feature,
    Kind,
    Side,
)
from transform.reading.raw_formats import IdFormat, column_of, id_format, time_formats
from transform.reading.raw_tables import RawFile, RawTable
from transform.reading.text import text_or_missing
from transform.reading.times import TimeFormat
from transform.reading.values import id_column
from transform.settings import Table

OPTIONAL = (EVENT_ID, REQUEST_ID, POSITION)
# Rows that are looked at, in all files together and in each at least.
_SAMPLE_ROWS = 50_000
_LEAST_SAMPLE_ROWS = 100


@dataclass(frozen=True)
class EventFormats:
    """How the event log is written.

    Attributes:
        user: The ids of users.
        item: The ids of items.
        times: Of `event_time` and of each context feature that is a time.
        optional: Which of `event_id`, `request_id`, `position` there are.
    """

    user: IdFormat
    item: IdFormat
    times: dict[str, TimeFormat]
    optional: tuple[str, ...]

    @classmethod
    def of(
        cls, files: Sequence[RawFile], table: Table, features: Sequence[Feature]
    ) -> EventFormats:
        """Looks at the head of each file, and further only where that leaves dates undecided.

        Args:
            files: The files of the log.
            table: Their settings.
            features: Declared context features.

        Raises:
            DataError: If a column does not hold what it must, or not in all files alike.
        """
        rows = max(_LEAST_SAMPLE_ROWS, _SAMPLE_ROWS // max(1, len(files)))
        samples = [file.sample(rows) for file in files]
        event_time = Feature(name=EVENT_TIME, side=Side.CONTEXT, kind=Kind.TIME)
        return cls(
            user=id_format(samples, USER_ID, table, one_kind=True),
            item=id_format(samples, ITEM_ID, table, one_kind=False),
            times=time_formats(
                samples,
                [event_time, *features],
                table.time_unit,
                lambda name: _whole_column(files, name),
            ),
            optional=tuple(_optional(samples, table)),
        )


def positions(values: pl.Series) -> pl.Series:
    """Positions of impressions as int64; null where there is none."""
    if values.dtype.is_integer():
        return values.cast(pl.Int64, strict=False)
    return values.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)


def _optional(samples: Sequence[RawTable], table: Table) -> Iterator[str]:
    """Optional columns that are there and hold what they should.

    Where the settings do not map such a column, another one may bear its name by chance; then it
    is none of ours. One that is mapped must be right.
    """
    for name, check in _CHECKS.items():
        having = [raw for raw in samples if name in raw.frame.columns]
        if not having:
            continue
        try:
            check(having, name)
        except DataError:
            if name in table.columns:
                raise
        else:
            if len(having) == len(samples) or name != EVENT_ID:
                yield name


def _check_event_ids(samples: Sequence[RawTable], name: str) -> None:
    ids = [id_column(raw.frame[name], column_of(raw, name), whole=False)[0] for raw in samples]
    rows, distinct = sum(map(len, ids)), sum(column.drop_nulls().n_unique() for column in ids)
    if 2 * distinct < rows:
        raise DataError(
            f"{column_of(samples[0], name)} must name each event. Received: {distinct} different "
            f"values in the first {rows} rows. Map the column that does, or leave it out."
        )


def _check_request_ids(samples: Sequence[RawTable], name: str) -> None:
    for raw in samples:
        id_column(raw.frame[name], column_of(raw, name), whole=False)


def _check_positions(samples: Sequence[RawTable], name: str) -> None:
    for raw in samples:
        values = raw.frame[name]
        given = text_or_missing(values) if values.dtype == pl.String else values
        numeric = given.dtype.is_numeric() or given.dtype in (pl.String, pl.Null)
        if not numeric or positions(given).count() < given.count():
            raise DataError(
                f"{column_of(raw, name)} must hold positions in a list, whole numbers from 0 or 1. "
                f"Received: {given.drop_nulls().head(3).to_list()}. Map the column that holds them."
            )


_CHECKS = {
    EVENT_ID: _check_event_ids,
    REQUEST_ID: _check_request_ids,
    POSITION: _check_positions,
}


def _whole_column(files: Sequence[RawFile], name: str) -> Iterator[pl.Series]:
    """The text of a column, piece by piece."""
    for file in files:
        for raw in file.read(_SAMPLE_ROWS):
            if raw.frame[name].dtype == pl.String:
                yield raw.frame[name]
