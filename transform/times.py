"""Times as files have them -> int64 unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from transform.errors import DataError

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# As seconds, the year 5138: no log of behaviour reaches it, and in any finer unit every log does.
_BEYOND_SECONDS = 10**11
_DATE_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)


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
    if values.dtype.is_temporal() and values.dtype != pl.Time:
        return values.dt.epoch("s")
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
    given = text.drop_nulls().filter(text.drop_nulls() != "")
    if not len(given):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Int64)
    whole = text.cast(pl.Int64, strict=False)
    numbers = whole if whole.count() == len(given) else text.cast(pl.Float64, strict=False)
    if 2 * numbers.count() > len(given):
        return _from_numbers(numbers, unit, where)
    times = _parse_date_times(text)
    if 2 * times.count() <= len(given):
        raise DataError(
            f"{where} must hold times: unix time or date-times as in 2024-05-31 17:20:00. "
            f"Received: {given[0]!r}. Map the column that holds the times, or write them so."
        )
    return times


def _parse_date_times(text: pl.Series) -> pl.Series:
    plain = text.str.replace("T", " ", literal=True).str.replace(r"(?i)\s*(Z|UTC)$", "+00:00")
    plain = plain.set(
        plain.str.contains(r"^\d{4}[-/]\d\d?[-/]\d\d?$").fill_null(False), None
    ).fill_null(plain + " 00:00")
    times = pl.Series(text.name, [None] * len(text), dtype=pl.Int64)
    for pattern in _DATE_TIME_FORMATS:
        parsed = plain.str.to_datetime(pattern, strict=False, time_unit="us")
        times = times.fill_null(parsed.dt.epoch("s"))
    return times


def _from_numbers(values: pl.Series, unit: str, where: str) -> pl.Series:
    finite = values.set(~values.cast(pl.Float64).is_finite().fill_null(False), None)
    middle = finite.median()
    if middle is not None:
        _refuse_other_unit(float(middle), unit, where)  # type: ignore[arg-type]
    if finite.dtype.is_float():
        return (finite / _PER_SECOND[unit]).floor().cast(pl.Int64, strict=False)
    return finite.cast(pl.Int64, strict=False) // _PER_SECOND[unit]


def _refuse_other_unit(middle: float, unit: str, where: str) -> None:
    """Refuses numbers that in their unit lie where no log lies, but in another one would."""
    seconds = abs(middle) / _PER_SECOND[unit]
    if seconds < _BEYOND_SECONDS:
        return
    fits = [u for u, per in _PER_SECOND.items() if 10**8 <= abs(middle) / per < 10**10]
    advice = f"Set `time_unit: {fits[0]}` of the table" if fits else "Correct the column"
    raise DataError(
        f"{where} must hold unix time in the table's `time_unit`, which is {unit!r}. Received: "
        f"values such as {middle:.0f}, which lie beyond the year 5000"
        f"{_as_date(middle, fits)}. {advice}."
    )


def _as_date(middle: float, fits: list[str]) -> str:
    if not fits:
        return ""
    moment = datetime.fromtimestamp(middle / _PER_SECOND[fits[0]], tz=UTC)
    return f"; as {fits[0]} they lie at {moment:%Y-%m-%d}"
