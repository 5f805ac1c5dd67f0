"""What the log of the simulated shop knows of the lists that ranking rows were made of."""

from __future__ import annotations

from pathlib import Path

import polars as pl

ROW, PLACE_IN_ROW, TIME, ITEM = "row", "place_in_row", "time", "item"
_REQUEST = ["request_id", "position"]


def impressions(log: Path, items: dict[str, int]) -> pl.DataFrame:
    """All impressions of a log: `TIME`, `ITEM`, `request_id`, `position`, `relevance`, `clicked`.

    Args:
        log: Folder of the log, with its truth.
        items: Item -> its number in the rows.
    """
    events = pl.read_parquet(log / "events" / "**" / "*.parquet")
    truth = pl.read_parquet(log / "truth" / "impressions" / "**" / "*.parquet")
    clicks = events.filter(pl.col("event_type") == "click").select(_REQUEST).unique()
    return (
        events.filter(pl.col("event_type") == "impression")
        .join(clicks.with_columns(clicked=pl.lit(1.0)), on=_REQUEST, how="left")
        .join(truth.select(*_REQUEST, "relevance"), on=_REQUEST)
        .select(
            pl.col("event_time").alias(TIME),
            pl.col("item_id").replace_strict(items, return_dtype=pl.Int64).alias(ITEM),
            *_REQUEST,
            pl.col("relevance").cast(pl.Float64),
            pl.col("clicked").fill_null(0.0),
        )
    )


def recognised(rows: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """The candidates of rows, with what the log knows of them.

    A row is a request of its time whose list holds all candidates. Where two fit, the truth cannot
    be told, and the row is left out.

    Args:
        rows: `ROW`, `PLACE_IN_ROW`, `TIME` and `ITEM` of each candidate.
        shown: See `impressions`.

    Returns:
        `rows` and the other columns of `shown`, in the order of rows.
    """
    found = rows.join(shown, on=[TIME, ITEM])
    sizes = rows.group_by(ROW).agg(size=pl.len())
    fitting = (
        found.group_by(ROW, "request_id")
        .agg(held=pl.len())
        .join(sizes, on=ROW)
        .filter(pl.col("held") == pl.col("size"))
        .filter(pl.len().over(ROW) == 1)
    )
    return found.join(fitting, on=[ROW, "request_id"], how="semi").sort(ROW, PLACE_IN_ROW)
