"""Rows of the event log as files have them -> normalised events and dead letters."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from transform.features import (
    EVENT_ID,
    EVENT_TIME,
    EVENT_TYPE,
    ITEM_ID,
    ORDER,
    POSITION,
    USER_ID,
    Feature,
)
from transform.reading.event_formats import EventFormats, positions
from transform.reading.raw_formats import column_of
from transform.reading.raw_tables import RawTable
from transform.reading.text import LINE_BREAKS, is_plain, text_or_missing
from transform.reading.values import feature_values, id_column
from transform.state import DEFAULT_EVENT_TYPE

# Clocks disagree a little; what lies further ahead than this is refused as future.
_CLOCK_TOLERANCE_SECONDS = 24 * 3600

REASON = "reason"
NO_USER = "user_id is missing"
NO_ITEM = "item_id is missing"
NO_TIME = "event_time is missing or not a time"
NO_EVENT_ID = "event_id is missing"
FUTURE = "event_time lies in the future"
LINE_BREAK = "an id holds a line break"
NO_NUMBER = "user_id is no number, as the others are"


def normalise(
    raw: RawTable,
    formats: EventFormats,
    features: Sequence[Feature],
    first_row: int,
    now: float,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and dead letters of some rows of a file.

    Args:
        raw: The rows.
        formats: How the log is written.
        features: Declared context features.
        first_row: Number of the first row within the file, from 0.
        now: The present in unix seconds.

    Returns:
        `frame` and `dead` as in EventPart; `order` counts within the file.

    Raises:
        DataError: If a column is of a type that cannot hold what it must.
    """
    row = pl.int_range(first_row, first_row + len(raw.frame), eager=True).alias(ORDER)
    frame = pl.DataFrame(
        [
            formats.user.ids(raw, USER_ID).alias(USER_ID),
            formats.item.ids(raw, ITEM_ID).alias(ITEM_ID),
            formats.times[EVENT_TIME].seconds(raw.frame[EVENT_TIME]).alias(EVENT_TIME),
            _event_types(raw.frame).alias(EVENT_TYPE),
            row,
            *(_optional(raw, name) for name in formats.optional),
            *(_feature(raw, feature, formats) for feature in features),
        ]
    )
    reason = frame.select(_reason(frame, formats, now).alias(REASON)).to_series()
    rejected = reason.is_not_null()
    dead = _dead_letters(raw, rejected.arg_true(), reason, first_row)
    return (frame.filter(~rejected) if len(dead) else frame), dead


def _reason(frame: pl.DataFrame, formats: EventFormats, now: float) -> pl.Expr:
    """Why a row is rejected; null where it is not."""
    rules = [
        (pl.col(USER_ID).is_null(), NO_USER),
        (pl.col(ITEM_ID).is_null(), NO_ITEM),
        (pl.col(EVENT_TIME).is_null(), NO_TIME),
        (pl.col(EVENT_TIME) > now + _CLOCK_TOLERANCE_SECONDS, FUTURE),
    ]
    # These cost as much as all else together, and hardly any log needs them.
    if not (is_plain(frame[USER_ID]) and is_plain(frame[ITEM_ID])):
        breaks = pl.any_horizontal(pl.col(USER_ID, ITEM_ID).str.contains(LINE_BREAKS))
        rules.append((breaks, LINE_BREAK))
    if formats.user.numbers_only:
        rules.append((~pl.col(USER_ID).str.contains(r"^-?\d+$"), NO_NUMBER))
    if EVENT_ID in formats.optional:
        rules.append((pl.col(EVENT_ID).is_null(), NO_EVENT_ID))
    return pl.coalesce(pl.when(broken).then(pl.lit(why)) for broken, why in rules)


def _event_types(frame: pl.DataFrame) -> pl.Series:
    if EVENT_TYPE not in frame.columns:
        return pl.repeat(DEFAULT_EVENT_TYPE, len(frame), dtype=pl.String, eager=True)
    return text_or_missing(frame[EVENT_TYPE].cast(pl.String)).fill_null(DEFAULT_EVENT_TYPE)


def _optional(raw: RawTable, name: str) -> pl.Series:
    """An optional column; null in files that lack it."""
    kind = pl.Int64 if name == POSITION else pl.String
    if name not in raw.frame.columns:
        return pl.Series(name, [None], dtype=kind).new_from_index(0, len(raw.frame))
    if name == POSITION:
        return positions(raw.frame[name]).alias(name)
    return id_column(raw.frame[name], column_of(raw, name), whole=False)[0].alias(name)


def _feature(raw: RawTable, feature: Feature, formats: EventFormats) -> pl.Series:
    where, times = column_of(raw, feature.name), formats.times.get(feature.name)
    return feature_values(raw.frame[feature.name], feature, where, times).alias(feature.name)


def _dead_letters(
    raw: RawTable, places: pl.Series, reason: pl.Series, first_row: int
) -> pl.DataFrame:
    """The rejected rows as the file has them."""
    values = raw.frame[places]
    nothing = pl.lit(None, pl.String)
    return values.select(
        pl.repeat(str(raw.file), len(places)).alias("file"),
        (places.cast(pl.Int64) + (first_row + 1)).alias("row"),
        *(
            (pl.col(name).cast(pl.String) if name in values.columns else nothing).alias(name)
            for name in (USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE)
        ),
        reason.gather(places).alias(REASON),
    )
