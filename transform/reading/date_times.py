"""Date-times written as text -> unix seconds.

Year first (ISO 8601, also with `/` or `.`), or day or month first: which of the two is decided by
the whole column, as some day is beyond the twelfth. Without a time zone it is UTC, without a time
of day midnight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from transform.errors import DataError


class DateOrder(StrEnum):
    """Which number of a date is the day."""

    YEAR_FIRST = "year first"
    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


# The usual spellings, which are understood ten times as fast when they are tried alone.
_FAST = {
    DateOrder.YEAR_FIRST: (
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.fZ",
        "%Y-%m-%d",
    ),
    DateOrder.DAY_FIRST: ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y"),
    DateOrder.MONTH_FIRST: ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y"),
}
_TIMES = (" %H:%M:%S%.f%#z", " %H:%M:%S%.f", " %H:%M%#z", " %H:%M")
_DATES = {
    DateOrder.YEAR_FIRST: "%Y-%m-%d",
    DateOrder.DAY_FIRST: "%d-%m-%Y",
    DateOrder.MONTH_FIRST: "%m-%d-%Y",
}
# A year of two digits is understood as one of the first century.
_YEAR_1000 = -30_610_224_000


@dataclass(frozen=True)
class DateFormat:
    """How dates are written.

    Attributes:
        order: Which number is the day.
        usual: The pattern that is tried first.
    """

    order: DateOrder
    usual: str

    def seconds(self, text: pl.Series) -> pl.Series:
        """Unix seconds; null where the text is no date-time of this order."""
        times = _parse(text, self.usual)
        rest = times.is_null() & text.is_not_null()
        if rest.any():
            slow = _parse_all(_plain(text.filter(rest)), self.order)
            times = times.scatter(rest.arg_true(), slow)
        return in_time(times)


@dataclass(frozen=True)
class DateEvidence:
    """What some text says of the order in which its dates are written.

    Attributes:
        counts: Values that are a date in each order.
        differ: Whether reading the day or the month first makes a difference.
        example: A value for which it does.
    """

    counts: dict[DateOrder, int]
    differ: bool
    example: str | None

    @classmethod
    def of(cls, text: pl.Series) -> DateEvidence:
        """Tries all orders on text without missing values."""
        plain = _plain(text)
        times = {order: in_time(_parse_all(plain, order)) for order in DateOrder}
        differ = times[DateOrder.DAY_FIRST].ne_missing(times[DateOrder.MONTH_FIRST])
        return cls(
            {order: found.count() for order, found in times.items()},
            bool(differ.any()),
            text.filter(differ).first() if differ.any() else None,  # type: ignore[arg-type]
        )

    @classmethod
    def joined(cls, parts: Iterable[DateEvidence]) -> DateEvidence:
        """The evidence of several pieces of text."""
        held = list(parts)
        return cls(
            {order: sum(part.counts[order] for part in held) for order in DateOrder},
            any(part.differ for part in held),
            next((part.example for part in held if part.differ), None),
        )

    @property
    def dates(self) -> int:
        """Values that are a date in the order that most are."""
        return max(self.counts.values())

    @property
    def order(self) -> DateOrder | None:
        """The order; None where days and months cannot be told apart yet.

        The year comes first where it does in any value, as it then has four digits. Otherwise
        some day beyond the twelfth decides.
        """
        if self.counts[DateOrder.YEAR_FIRST]:
            return DateOrder.YEAR_FIRST
        days, months = self.counts[DateOrder.DAY_FIRST], self.counts[DateOrder.MONTH_FIRST]
        if days == months:
            return None
        return DateOrder.DAY_FIRST if days > months else DateOrder.MONTH_FIRST


def decided(evidence: DateEvidence, where: str) -> DateOrder:
    """The order of dates that all text has been looked at for.

    Raises:
        DataError: If days and months cannot be told apart.
    """
    if evidence.order is None and evidence.differ:
        raise DataError(
            f"{where} must hold date-times that say which number is the month. Received: "
            f"{evidence.example!r}, and no day beyond the twelfth. Write the year first, as "
            "in 2024-05-31 17:20:00."
        )
    return evidence.order or DateOrder.MONTH_FIRST


def date_format(text: pl.Series, order: DateOrder) -> DateFormat:
    """The format of text of an order, with the spelling that most of it has."""
    return DateFormat(order, max(_FAST[order], key=lambda pattern: _parse(text, pattern).count()))


def _plain(text: pl.Series) -> pl.Series:
    """One spelling: dashes in the date, one blank before a time of day, an offset for UTC."""
    plain = (
        text.str.replace(r"^(\d+)[/.](\d+)[/.](\d+)", "$1-$2-$3")
        .str.replace(r"^(\d+-\d+-\d+)T", "$1 ")
        .str.replace(r"(?i)\s*(z|utc|gmt)$", "+00:00")
    )
    dates = plain.str.contains(r"^\d+-\d+-\d+$").fill_null(False)
    return plain.zip_with(~dates, plain + " 00:00")


def _parse_all(plain: pl.Series, order: DateOrder) -> pl.Series:
    times = pl.Series(plain.name, [None] * len(plain), dtype=pl.Int64)
    for pattern in _TIMES:
        times = times.fill_null(_parse(plain, _DATES[order] + pattern))
    return times


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    parsed = text.str.to_datetime(pattern, strict=False, time_unit="us", cache=False)
    return parsed.dt.epoch("s")


def in_time(times: pl.Series) -> pl.Series:
    """Null for what lies before the year 1000: systems write 0001-01-01 for nothing."""
    return times.set((times < _YEAR_1000).fill_null(False), None)
