"""Which impressions of a log led to deeds: credited as the training rows are."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

_ROW, _SHOWN_AT = "#row", "#shown_at"


def led_to_deeds(
    shown: pl.DataFrame,
    deeds: pl.DataFrame,
    *,
    of: Sequence[str],
    listed: str,
    time: str,
    window: int,
) -> pl.Series:
    """Whether each impression led to a deed.

    A deed is credited to the latest impression of its item before it, in the list that it names if
    the item was shown there; to none if that is too long ago.

    Args:
        shown: Impressions.
        deeds: What users did.
        of: Columns of both that tell the user and the item.
        listed: Column of both that tells the list; a deed may name none (null).
        time: Column of both, in seconds.
        window: How long ago an impression may be, in seconds.

    Returns:
        bool [impressions].
    """
    rows = shown.with_row_index(_ROW).with_columns(pl.col(time).alias(_SHOWN_AT)).sort(time, _ROW)
    deeds = deeds.sort(time)

    def latest(by: list[str]) -> pl.DataFrame:
        return deeds.select(*by, time).join_asof(
            rows.select(*by, time, _ROW, _SHOWN_AT),
            on=time,
            by=by,
            strategy="backward",
            check_sortedness=False,  # both are, by time
        )

    anywhere, there = latest([*of]), latest([*of, listed])
    is_there = deeds[listed].is_not_null() & there[_ROW].is_not_null()
    row, shown_at = (there[name].zip_with(is_there, anywhere[name]) for name in (_ROW, _SHOWN_AT))
    credited = row.filter(deeds[time] - shown_at <= window)
    return pl.int_range(len(shown), dtype=pl.UInt32, eager=True).is_in(credited.implode())
