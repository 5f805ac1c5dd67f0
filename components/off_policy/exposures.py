"""The lists of a log, with their probabilities and with what they earned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from components.crediting import led_to_deeds
from components.off_policy.logged import Floats
from transform import features as keys
from transform.reading.file_access import open_binary
from transform.reading.files import chosen_files, table_files
from transform.settings import DataSettings, ExampleSettings

PLACES = 10  # of a list; what stands further down is left out
PROPENSITY = "propensity"
_HOUR_SECONDS = 3600
_BATCH = 1 << 16
_ALL = (1 << 64) - 1
_NEEDED = (keys.USER_ID, keys.ITEM_ID, keys.EVENT_TIME, keys.EVENT_TYPE)
_OTHERS = {
    keys.EVENT_ID: pl.String(),
    keys.REQUEST_ID: pl.String(),
    keys.POSITION: pl.Int64(),
    PROPENSITY: pl.Float64(),
}


class NoExposuresError(ValueError):
    """The log has nothing to estimate from; the message says why."""


@dataclass(frozen=True)
class Span:
    """A stretch of time, unix seconds; both ends are in it."""

    first: int
    last: int


@dataclass(frozen=True)
class Exposures:
    """Lists that were drawn with known probabilities; places that hold nothing have "" and 1.

    Attributes:
        user_id: Whose list it is [N].
        time: When it was shown, unix seconds [N].
        context: Values of the context features of each request [N].
        item: What was shown, object (str) [N, K].
        propensity: With which probability it was shown there [N, K].
        reward: 1 where it led to a deed [N, K].
    """

    user_id: Sequence[str]
    time: Sequence[int]
    context: Sequence[Mapping[str, Any]]
    item: npt.NDArray[np.object_]
    propensity: Floats
    reward: Floats


def read_exposures(
    data: DataSettings,
    examples: ExampleSettings,
    context: Sequence[str],
    span: Span,
    *,
    most_rows: int = 1_000_000,
    most_lists: int = 20_000,
) -> Exposures:
    """Reads the lists of a span from the log of events.

    Only Parquet files as `sluice stream compact` writes them hold probabilities. Lists count of
    which every item has one, and which are so old that what they led to is in the log: a deed is
    credited as the training rows are (`components.crediting`). Of a log that is too large a sample
    of the users is read.

    Args:
        data: Where the log lies.
        examples: What in it is an impression, and how long a deed counts for one.
        context: Declared context features.
        span: Which events are read.
        most_rows: Rows to hold at once, about.
        most_lists: Lists to give at most.

    Raises:
        NoExposuresError: No list with probabilities lies in the span.
    """
    frames = _frames(data, context, span)
    rows = _sample(frames, most_rows)
    shown = pl.col(keys.EVENT_TYPE) == examples.impression_type
    window = int(examples.attribution_hours * _HOUR_SECONDS)
    judged = _judged(rows.filter(shown), rows.filter(~shown), window)
    lists = _lists(judged.filter(pl.col(keys.EVENT_TIME) <= span.last - window), context)
    if lists.is_empty():
        raise NoExposuresError("no list with propensities in the held-out time")
    return _as_arrays(lists.head(most_lists), context)


def _frames(data: DataSettings, context: Sequence[str], span: Span) -> list[Iterator[pl.DataFrame]]:
    named = {name: data.events.columns.get(name, name) for name in (*_NEEDED, *_OTHERS, *context)}
    files = [file.path for file in chosen_files(table_files(data.events, "events"), data.window)]
    schemas = {path: _schema(path) for path in files if path.endswith(".parquet")}
    if not any(named[PROPENSITY] in schema.names for schema in schemas.values()):
        raise NoExposuresError("no log with propensities")
    usable = [path for path, schema in schemas.items() if _usable(schema, named)]
    if data.events.time_unit != "s" or len(usable) < len(files):
        raise NoExposuresError("the log is not all as `sluice stream compact` writes it")
    return [_read(path, named, span) for path in usable]


def _schema(path: str) -> pa.Schema:
    with open_binary(path) as file:
        return pq.read_schema(file)


def _usable(schema: pa.Schema, named: Mapping[str, str]) -> bool:
    present = all(named[name] in schema.names for name in _NEEDED)
    return present and pa.types.is_integer(schema.field(named[keys.EVENT_TIME]).type)


def _read(path: str, named: Mapping[str, str], span: Span) -> Iterator[pl.DataFrame]:
    time = pl.col(keys.EVENT_TIME).is_between(span.first, span.last)
    with open_binary(path) as file, pq.ParquetFile(file) as parquet:
        there = {name: of for name, of in named.items() if of in parquet.schema_arrow.names}
        for batch in parquet.iter_batches(_BATCH, columns=list(there.values())):
            frame = pl.DataFrame(batch).select(pl.col(of).alias(name) for name, of in there.items())
            yield frame.filter(time).select(
                *(pl.col(name).cast(pl.String) for name in _NEEDED if name != keys.EVENT_TIME),
                pl.col(keys.EVENT_TIME).cast(pl.Int64),
                *(
                    (pl.col(name) if name in there else pl.lit(None)).cast(kind).alias(name)
                    for name, kind in _OTHERS.items()
                ),
                *(name for name in there if name not in (*_NEEDED, *_OTHERS)),
            )


def _sample(files: Sequence[Iterator[pl.DataFrame]], most_rows: int) -> pl.DataFrame:
    """All rows of as many users as fit, by a hash of their ids, which is also their order."""
    of_user = pl.col(keys.USER_ID).hash(1)
    parts: list[pl.DataFrame] = []
    kept, bound = 0, _ALL
    for frame in (frame for file in files for frame in file):
        parts.append(frame.filter(of_user <= pl.lit(bound, pl.UInt64)))
        kept += len(parts[-1])
        while kept > most_rows:
            bound >>= 1
            within = of_user <= pl.lit(bound, pl.UInt64)
            parts = [pl.concat(parts, how="diagonal").filter(within)]
            kept = len(parts[0])
    if not kept:
        raise NoExposuresError("no list with propensities in the held-out time")
    event = [*_NEEDED, keys.EVENT_ID, keys.REQUEST_ID, keys.POSITION]
    return pl.concat(parts, how="diagonal").unique(event, keep="first").sort(of_user, *event)


def _judged(shown: pl.DataFrame, deeds: pl.DataFrame, window: int) -> pl.DataFrame:
    """Impressions with `reward`."""
    led = led_to_deeds(
        shown,
        deeds,
        of=(keys.USER_ID, keys.ITEM_ID),
        listed=keys.REQUEST_ID,
        time=keys.EVENT_TIME,
        window=window,
    )
    return shown.with_columns(led.cast(pl.Float64).alias("reward"))


def _lists(shown: pl.DataFrame, context: Sequence[str]) -> pl.DataFrame:
    """One row a list whose probabilities are all known, users in the order of their hash."""
    chance, place = pl.col(PROPENSITY), pl.col(keys.POSITION)
    columns = [name for name in context if name in shown.columns]
    whole = chance.is_not_null() & (chance > 0.0) & (chance <= 1.0)
    of_user = pl.col(keys.USER_ID).hash(1)
    return (
        shown.filter(pl.col(keys.REQUEST_ID).is_not_null())
        .sort(place)
        .group_by(keys.USER_ID, keys.REQUEST_ID)
        .agg(
            pl.col(keys.EVENT_TIME, *columns).first(),
            pl.col(keys.ITEM_ID, PROPENSITY, "reward").head(PLACES),
            whole.all().alias("whole"),
            (place == pl.int_range(pl.len())).fill_null(value=False).all().alias("in_place"),
        )
        .filter("whole", "in_place")
        .sort(of_user, keys.EVENT_TIME, keys.REQUEST_ID)
    )


def _as_arrays(lists: pl.DataFrame, context: Sequence[str]) -> Exposures:
    places = max(lists[keys.ITEM_ID].list.len())

    def padded(name: str, nothing: Any) -> npt.NDArray[Any]:
        return np.array(
            [[*row, *[nothing] * (places - len(row))] for row in lists[name].to_list()],
            dtype=object if isinstance(nothing, str) else np.float64,
        )

    columns = lists.select(name for name in context if name in lists.columns)
    values = columns.iter_rows(named=True) if columns.width else ({} for _ in range(len(lists)))
    return Exposures(
        lists[keys.USER_ID].to_list(),
        lists[keys.EVENT_TIME].to_list(),
        [{k: v for k, v in row.items() if v is not None} for row in values],
        padded(keys.ITEM_ID, ""),
        padded(PROPENSITY, 1.0),
        padded("reward", 0.0),
    )
