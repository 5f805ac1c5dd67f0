"""Times as files have them -> int64 unix seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from transform.errors import DataError
from transform.reading.date_times import (
    DateEvidence,
    DateFormat,
    date_format,
    decided,
    in_time,
)
from transform.reading.text import text_or_missing

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# As seconds, the year 5138: no log of behaviour reaches it, and in any finer unit every log does.
_BEYOND_SECONDS = 10**11
# As seconds from 1979 to 2096, where logs lie; as any finer unit the first weeks of 1970.
_SECONDS_OF_LOGS = (3 * 10**8, 4 * 10**9)


@dataclass(frozen=True)
class TimeFormat:
    """How a column holds times; decided once, so that all parts of it are read alike.

    Attributes:
        unit: Unit of numbers: s, ms, us or ns.
        dates: How text is written; None where text holds numbers.
    """

    unit: str
    dates: DateFormat | None = None

    def seconds(self, values: pl.Series) -> pl.Series:
        """Unix seconds, rounded down; null where there is no time or it is not understood.

        Args:
            values: Date-times, dates, numbers or text; a date-time without a time zone is UTC.
        """
        return in_time(self._seconds(values))

    def _seconds(self, values: pl.Series) -> pl.Series:
        if values.dtype in (pl.Date, pl.Datetime):
            return values.dt.epoch("s").cast(pl.Int64)
        if values.dtype == pl.String:
            text = text_or_missing(values)
            return self._text_numbers(text) if self.dates is None else self.dates.seconds(text)
        return self._numbers(values)

    def _text_numbers(self, text: pl.Series) -> pl.Series:
        whole = text.cast(pl.Int64, strict=False)
        if whole.null_count() == text.null_count():
            return self._numbers(whole)
        return self._numbers(whole).fill_null(self._numbers(text.cast(pl.Float64, strict=False)))

    def _numbers(self, values: pl.Series) -> pl.Series:
        if values.dtype.is_integer():
            return values.cast(pl.Int64, strict=False) // _PER_SECOND[self.unit]
        seconds = (_finite(values.cast(pl.Float64)) / _PER_SECOND[self.unit]).floor()
        return seconds.cast(pl.Int64, strict=False)


def time_format(
    samples: Iterable[tuple[pl.Series, str]],
    unit: str,
    more: Callable[[], Iterable[pl.Series]] = tuple,
) -> TimeFormat:
    """Decides how a column of several files holds its times.

    Args:
        samples: Values of each file, and what to call the column in messages.
        unit: Unit of numbers, by the settings.
        more: The whole column, read only where the samples leave days and months undecided.

    Raises:
        DataError: If the column holds no times, numbers in another unit, text that is written in
            two ways, or days and months that cannot be told apart.
    """
    dates: list[tuple[pl.Series, str]] = []
    numbers: list[str] = []
    for values, where in samples:
        text = _checked(values, unit, where)
        if text is not None:
            dates.append((text, where))
        elif values.dtype == pl.String and text_or_missing(values).count():
            numbers.append(where)
    if not dates:
        return TimeFormat(unit)
    if numbers:
        raise _two_ways(numbers[0], "unix time", dates[0][1], "date-times")
    return TimeFormat(unit, _date_format(dates, more))


def unix_seconds(values: pl.Series, unit: str, where: str) -> pl.Series:
    """Times of a whole column in unix seconds; see TimeFormat.seconds.

    Raises:
        DataError: If the column holds no times, or numbers in another unit.
    """
    return time_format([(values, where)], unit).seconds(values)


def _checked(values: pl.Series, unit: str, where: str) -> pl.Series | None:
    """The text of date-times; None where the column holds its times otherwise, or none."""
    if values.dtype in (pl.Date, pl.Datetime, pl.Null):
        return None
    if values.dtype.is_numeric():
        _refuse_unusual(_finite(values), unit, where)
        return None
    if values.dtype != pl.String:
        raise DataError(
            f"{where} must hold times: numbers or date-times. Received: values of type "
            f"{values.dtype}. Map the column that holds the times."
        )
    text = text_or_missing(values).drop_nulls()
    numbers = _finite(text.cast(pl.Float64, strict=False)).drop_nulls()
    if 2 * len(numbers) <= len(text):
        return text if len(text) else None
    _refuse_unusual(numbers, unit, where)
    return None


def _date_format(
    samples: Sequence[tuple[pl.Series, str]], more: Callable[[], Iterable[pl.Series]]
) -> DateFormat:
    found = [DateEvidence.of(text) for text, _ in samples]
    for (text, where), evidence in zip(samples, found, strict=True):
        if 2 * evidence.dates <= len(text):
            raise DataError(
                f"{where} must hold times: unix time or date-times as in 2024-05-31 17:20:00. "
                f"Received: {text[0]!r}. Map the column that holds the times, or write them so."
            )
    whole = DateEvidence.joined(found)
    for values in more():
        if whole.order is not None:
            break
        text = text_or_missing(values.cast(pl.String)).drop_nulls()
        whole = DateEvidence.joined([whole, DateEvidence.of(text)])
    order = decided(whole, samples[0][1])
    for (text, where), evidence in zip(samples, found, strict=True):
        if 2 * evidence.counts[order] <= len(text):
            raise _two_ways(samples[0][1], str(samples[0][0][0]), where, str(text[0]))
    return date_format(pl.concat([text for text, _ in samples]), order)


def _two_ways(first: str, written: str, second: str, otherwise: str) -> DataError:
    return DataError(
        f"{first} must be written in one way in all files. Received: {written} there, but "
        f"{otherwise} in: {second}. Write all files alike."
    )


def _finite(values: pl.Series) -> pl.Series:
    return values.set(~values.cast(pl.Float64).is_finite().fill_null(False), None)


def _refuse_unusual(numbers: pl.Series, unit: str, where: str) -> None:
    middle = numbers.cast(pl.Float64).median()
    if isinstance(middle, float):
        _refuse_other_unit(middle, unit, where)
        _refuse_calendar_dates(numbers, where)


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
