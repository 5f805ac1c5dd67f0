"""A sample of the log's rows that fits into memory, and the items that all rows name.

The sample is of users, never of rows: what a user was shown and did stays together. A user is in it
where the hash of the id lies below a bound; the bound is halved whenever there are too many rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from components.traffic.span import Span
from serving.user_state.live import EARLIEST_SECONDS
from transform.features import EVENT_ID, EVENT_TIME, EVENT_TYPE, ITEM_ID, REQUEST_ID, USER_ID

_BATCH = 1 << 16
_COLUMNS = (
    *(USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE, EVENT_ID, REQUEST_ID),
    *("score", "model_version", "source"),
)
_SOURCES = ("model", "fallback")
_ALL = (1 << 64) - 1
_SEEDS = {USER_ID: 1, ITEM_ID: 2, EVENT_ID: 3, REQUEST_ID: 4}


@dataclass(frozen=True)
class Rows:
    """Rows of a span.

    Attributes:
        sample: Each event of the sampled users once: `user`, `item`, `list` (hashes), `time`,
            `shown` (an item of a list, or a deed), `model` and `fallback` (who made the list),
            `score`, `model_version`.
        share: Share of the users that are in it.
        shown_items: Number of items that the model showed to anybody in the window.
        items: Number of items that any row of the span names.
    """

    sample: pl.DataFrame
    share: float
    shown_items: int
    items: int


def read_rows(log: Path, span: Span, impression_type: str, limit: int) -> Rows:
    """Reads what the compactor has written.

    Args:
        log: Its folder; nothing is read from one that is not there.
        span: Which rows.
        impression_type: Event type of the items of a list.
        limit: Rows to keep, about.
    """
    nothing = _described(_empty(), impression_type)
    parts, kept, bound = [nothing], 0, _ALL
    shown = named = nothing["item"]
    for frame in _frames(log, span):
        rows = _described(frame, impression_type)
        named = pl.concat([named, rows["item"]]).unique()
        model = rows.filter("shown", "model", pl.col("time") >= span.window_from)
        shown = pl.concat([shown, model["item"]]).unique()
        parts.append(rows.filter(pl.col("user") <= pl.lit(bound, pl.UInt64)))
        kept += len(parts[-1])
        while kept > limit:
            bound >>= 1
            parts = [pl.concat(parts).filter(pl.col("user") <= pl.lit(bound, pl.UInt64))]
            kept = len(parts[0])
    sample = pl.concat(parts).unique(["user", "event"], keep="first", maintain_order=True)
    return Rows(sample.drop("event"), (bound + 1) / (_ALL + 1), len(shown), len(named))


def _frames(log: Path, span: Span) -> Iterator[pl.DataFrame]:
    # A folder holds what arrived on its day; the stream takes an event so long before its time.
    first = datetime.fromtimestamp(span.begin - EARLIEST_SECONDS, UTC)
    for folder in sorted(log.glob("dt=*")):
        if folder.name < f"dt={first:%Y-%m-%d}":
            continue
        for file in sorted(folder.glob("*.parquet")):
            with pq.ParquetFile(file) as parquet:
                for batch in parquet.iter_batches(_BATCH, columns=list(_COLUMNS)):
                    frame = pl.DataFrame(batch)
                    time = pl.col(EVENT_TIME)
                    yield frame.filter(time.is_between(span.begin, span.now, "left"))


def _described(frame: pl.DataFrame, impression_type: str) -> pl.DataFrame:
    """Rows with numbers in the place of their ids."""
    of = {name: pl.col(name).hash(seed) for name, seed in _SEEDS.items()}
    return frame.select(
        of[USER_ID].alias("user"),
        of[ITEM_ID].alias("item"),
        of[EVENT_ID].alias("event"),
        of[REQUEST_ID].alias("list"),
        pl.col(EVENT_TIME).alias("time"),
        (pl.col(EVENT_TYPE) == impression_type).alias("shown"),
        *((pl.col("source") == name).fill_null(value=False).alias(name) for name in _SOURCES),
        pl.col("score", "model_version"),
    )


def _empty() -> pl.DataFrame:
    numbers = {EVENT_TIME: pl.Int64, "score": pl.Float64, "model_version": pl.Int64}
    return pl.DataFrame(schema={name: numbers.get(name, pl.String) for name in _COLUMNS})
