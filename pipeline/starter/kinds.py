"""What kind of feature a column makes, judged by its values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import polars as pl

from pipeline.starter.names import snake_case
from transform.errors import DataError
from transform.features import Kind
from transform.reading.text import text_or_missing
from transform.reading.times import time_format, unix_seconds

_LIST_SEPARATOR = "|"
_SEPARATORS = ("|", ";", ", ", ",", " ")
_NEARLY_UNIQUE = 0.5  # a category whose values mostly stand once says nothing about others
_MOST_PARTS = 500
_CODES = ("id", "code", "key", "sku", "uuid", "hash", "url", "link", "zip", "zipcode", "postcode")
_TIMES = ("time", "timestamp", "date", "at", "from", "to", "since", "until")
_ENDS = ("to", "until", "end", "ended", "expiry")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAYS_WRITTEN_AS_NUMBERS = (19000101, 21001231)


@dataclasses.dataclass(frozen=True)
class Judgement:
    """A column as a feature.

    Attributes:
        kind: None where it makes no feature.
        why: In a few words.
        separator: For several values in one string.
        time_unit: For unix times.
    """

    kind: Kind | None
    why: str
    separator: str | None = None
    time_unit: str | None = None


def judge(values: pl.Series) -> Judgement:
    """The kind of feature that a column makes, or why it makes none.

    Args:
        values: The column; text where it comes from a CSV.
    """
    judgement = _judge(values)
    if judgement.kind is Kind.TIME and snake_case(values.name).split("_")[-1] in _ENDS:
        return Judgement(None, "when something ends is often known only afterwards")
    return judgement


def _judge(values: pl.Series) -> Judgement:
    if values.dtype == pl.List:
        return Judgement(Kind.CATEGORY, "a list in each row", _LIST_SEPARATOR)
    if values.dtype.is_nested() or values.dtype in (pl.Binary, pl.Time, pl.Duration):
        return Judgement(None, f"its type is {values.dtype}")
    given = (text_or_missing(values) if values.dtype == pl.String else values).drop_nulls()
    distinct = given.n_unique()
    if distinct <= 1:
        return Judgement(None, "it is empty" if not len(given) else "it is the same in every row")
    if values.dtype.is_temporal():
        return Judgement(Kind.TIME, "date-times")
    if values.dtype == pl.Boolean:
        return Judgement(Kind.CATEGORY, "yes or no")
    numbers = given.cast(pl.Float64, strict=False)
    if numbers.null_count() == 0 and not _has_leading_zeros(given):
        return _judge_numbers(numbers, snake_case(values.name), distinct)
    return _judge_text(given.cast(pl.String), distinct)


def time_unit(
    values: pl.Series, where: str, more: Callable[[], Iterable[pl.Series]] = tuple
) -> str:
    """Unit of a numeric time column, by its size; `s` for date-times.

    Args:
        values: Some values.
        where: What to call the column in messages.
        more: All values, asked for only where some leave days and months undecided.

    Raises:
        DataError: The column holds no times.
    """
    given = (text_or_missing(values) if values.dtype == pl.String else values).drop_nulls()
    if given.dtype.is_temporal():
        return "s"
    numbers = given.cast(pl.Float64, strict=False).drop_nulls()
    if 2 * len(numbers) <= len(given) or not len(numbers):
        time_format([(given, where)], "s", more)  # dates as text, or it says what is wrong
        return "s"
    middle = float(numbers.median())  # type: ignore[arg-type]
    low, high = _DAYS_WRITTEN_AS_NUMBERS
    if low <= numbers.min() and numbers.max() <= high:  # type: ignore[operator]
        raise DataError(
            f"{where} must hold times: unix time or date-times as in 2024-05-31 17:20:00. "
            f"Received: numbers such as {middle:.0f}, which look like days. "
            "Write them as 2024-05-31."
        )
    return _unit(middle)


def _judge_numbers(numbers: pl.Series, name: str, distinct: int) -> Judgement:
    words = name.split("_")
    whole = bool((numbers == numbers.floor()).all())
    if words[-1] in _CODES and whole:
        if distinct > _NEARLY_UNIQUE * len(numbers):
            return Judgement(None, "nearly every row has its own")
        return Judgement(Kind.CATEGORY, "codes written as numbers")
    middle = float(numbers.median())  # type: ignore[arg-type]
    unit = _unit(middle)
    if words[-1] in _TIMES and 1e8 < middle / _PER_SECOND[unit] < 1e10:
        return Judgement(Kind.TIME, f"unix times in {unit}", time_unit=unit)
    return Judgement(Kind.NUMBER, "numbers")


def _unit(middle: float) -> str:
    """The unit in which a time lies before the year 5138."""
    return next((u for u, per in _PER_SECOND.items() if abs(middle) / per < 1e11), "ns")


def _judge_text(given: pl.Series, distinct: int) -> Judgement:
    if _are_times(given):
        return Judgement(Kind.TIME, "dates")
    if separator := _separator(given, distinct):
        return Judgement(Kind.CATEGORY, f"several values parted by {separator!r}", separator)
    worded = given.str.contains(r"\S\s+\S").mean()
    if distinct > _NEARLY_UNIQUE * len(given):
        if worded > 0.3:  # type: ignore[operator]
            return Judgement(Kind.TEXT, "words, different in most rows")
        return Judgement(None, "nearly every row has its own")
    return Judgement(Kind.CATEGORY, f"{distinct:,} different values")


def _separator(given: pl.Series, distinct: int) -> str | None:
    """The separator that breaks the values into a small vocabulary."""
    for separator in _SEPARATORS:
        several = given.str.contains(separator, literal=True)
        parts = given.str.split(separator).explode().str.strip_chars()
        vocabulary = parts.n_unique()
        # Bars and semicolons seldom stand in plain text; blanks and commas often do.
        most = distinct if separator in "|;" else distinct * 0.7
        if (
            several.mean() >= 0.1  # type: ignore[operator]
            and vocabulary <= min(_MOST_PARTS, most, len(given) * 0.1 + 10)
            and vocabulary * 5 <= len(parts)
        ):
            return separator
    return None


def _has_leading_zeros(given: pl.Series) -> bool:
    """True for codes such as 05201, which only look like numbers."""
    return given.dtype == pl.String and bool(given.str.contains(r"^0\d").any())


def _are_times(given: pl.Series) -> bool:
    if not given.str.contains(r"\d[-/:]\d").all():
        return False
    try:
        return bool(unix_seconds(given.head(1000), "s", "").count() > 0.9 * min(len(given), 1000))
    except DataError:
        return False
