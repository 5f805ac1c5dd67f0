"""Date-times written as text -> unix seconds."""

from __future__ import annotations

import polars as pl

from transform.errors import DataError

_YEAR_FIRST = (
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M",
)
_DAY_FIRST = ("%d-%m-%Y %H:%M:%S%.f", "%d-%m-%Y %H:%M")
_MONTH_FIRST = ("%m-%d-%Y %H:%M:%S%.f", "%m-%d-%Y %H:%M")


def parse_date_times(text: pl.Series, where: str) -> pl.Series:
    """Unix seconds of date-times; null where the text is none.

    Year first (ISO 8601, also with `/` or `.`), or day or month first: which of the two is decided
    by the whole column, as some day is beyond the twelfth. Without a time zone it is UTC, without
    a time of day midnight.

    Raises:
        DataError: If days and months cannot be told apart.
    """
    plain = _plain(text)
    year_first = _parse(plain, _YEAR_FIRST)
    if year_first.count():
        return year_first
    day_first, month_first = _parse(plain, _DAY_FIRST), _parse(plain, _MONTH_FIRST)
    if day_first.count() == month_first.count() and not day_first.equals(month_first):
        raise DataError(
            f"{where} must hold date-times that say which number is the month. Received: "
            f"{text.drop_nulls()[0]!r}, and no day beyond the twelfth. Write the year first, as "
            "in 2024-05-31 17:20:00."
        )
    return day_first if day_first.count() > month_first.count() else month_first


def _plain(text: pl.Series) -> pl.Series:
    """One spelling: dashes in the date, one blank before a time of day, an offset for UTC."""
    plain = (
        text.str.replace(r"^(\d+)[/.](\d+)[/.](\d+)", "$1-$2-$3")
        .str.replace(r"^(\d+-\d+-\d+)T", "$1 ")
        .str.replace(r"(?i)\s*(z|utc|gmt)$", "+00:00")
    )
    dates = plain.str.contains(r"^\d+-\d+-\d+$").fill_null(False)
    return plain.zip_with(~dates, plain + " 00:00")


def _parse(plain: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    times = pl.Series(plain.name, [None] * len(plain), dtype=pl.Int64)
    for pattern in patterns:
        parsed = plain.str.to_datetime(pattern, strict=False, time_unit="us")
        times = times.fill_null(parsed.dt.epoch("s"))
    return times
