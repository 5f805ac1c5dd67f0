"""Times as files have them -> int64 unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from transform.date_times import parse_date_times
from transform.errors import DataError

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# As seconds, the year 5138: no log of behaviour reaches it, and in any finer unit every log does.
_BEYOND_SECONDS = 10**11
# As seconds from 1979 to 2096, where logs lie; as any finer unit the first weeks of 1970.
_SECONDS_OF_LOGS = (3 * 10**8, 4 * 10**9)


def unix_seconds(values: pl.Series, unit: str, where: str) -> pl.Series:
    """Times in unix seconds, rounded down; null where there is none or it is not understood.

    Args:
        values: Date-times, dates, numbers in `unit`, or text that holds either; a date-time
            without a time zone is UTC.
        unit: Unit of numbers: s, ms, us or ns.
        where: What to call the column in messages.

    Raises:
        DataError: If the column holds no times, or numbers in another unit.
    """
    if values.dtype in (pl.Date, pl.Datetime):
        return values.dt.epoch("s").cast(pl.Int64)
    if values.dtype == pl.String:
        return _from_text(values, unit, where)
    if values.dtype.is_numeric():
        return _from_numbers(values, unit, where)
    raise DataError(
        f"{where} must hold times: numbers or date-times. Received: values of type "
        f"{values.dtype}. Map the column that holds the times."
    )


def _from_text(values: pl.Series, unit: str, where: str) -> pl.Series:
    text = values.str.strip_chars()
    given = text.filter(text != "")
    if not len(given):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Int64)
    whole = text.cast(pl.Int64, strict=False)
    numbers = whole if whole.count() == len(given) else text.cast(pl.Float64, strict=False)
    if 2 * numbers.count() > len(given):
        return _from_numbers(numbers, unit, where)
    times = parse_date_times(text, where)
    if 2 * times.count() <= len(given):
        raise DataError(
            f"{where} must hold times: unix time or date-times as in 2024-05-31 17:20:00. "
            f"Received: {given[0]!r}. Map the column that holds the times, or write them so."
        )
    return times


def _from_numbers(values: pl.Series, unit: str, where: str) -> pl.Series:
    finite = values.set(~values.cast(pl.Float64).is_finite().fill_null(False), None)
    middle = finite.median()
    if isinstance(middle, float):
        _refuse_other_unit(middle, unit, where)
        _refuse_calendar_dates(finite, where)
    if finite.dtype.is_integer():
        return finite.cast(pl.Int64, strict=False) // _PER_SECOND[unit]
    return (finite.cast(pl.Float64) / _PER_SECOND[unit]).floor().cast(pl.Int64, strict=False)


def _refuse_other_unit(middle: float, unit: str, where: str) -> None:
    """Refuses numbers that in their unit lie where no log lies, but in another one would."""
    low, high = _SECONDS_OF_LOGS
    too_late = abs(middle) / _PER_SECOND[unit] >= _BEYOND_SECONDS
    too_early = unit != "s" and low <= middle <= high
    if not (too_late or too_early):
        return
    fits = [other for other, per in _PER_SECOND.items() if low <= abs(middle) / per <= high]
    advice = f"Set `time_unit: {fits[0]}` of the table" if fits else "Correct the column"
    place = "beyond the year 5000" if too_late else "in the first weeks of 1970"
    raise DataError(
        f"{where} must hold unix time in the table's `time_unit`, which is {unit!r}. Received: "
        f"values such as {middle:.0f}, which lie {place}{_as_date(middle, fits)}. {advice}."
    )


def _as_date(middle: float, fits: list[str]) -> str:
    if not fits:
        return ""
    moment = datetime.fromtimestamp(middle / _PER_SECOND[fits[0]], tz=UTC)
    return f"; as {fits[0]} they lie at {moment:%Y-%m-%d}"


def _refuse_calendar_dates(numbers: pl.Series, where: str) -> None:
    """Refuses dates written as numbers (20240531), which would all lie within days of 1970."""
    days = numbers.drop_nulls().unique()
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    if (
        (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    ).all():
        raise DataError(
            f"{where} must hold unix time or date-times as in 2024-05-31 17:20:00. Received: "
            f"dates written as numbers, such as {days[0]:.0f}. Write them as date-times."
        )
