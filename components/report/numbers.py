"""Numbers and units as a reader wants them."""

from __future__ import annotations

_UNITS = {"ms": "ms", "seconds": "s", "s": "s", "mb": "MB", "gb": "GB", "bytes": "bytes"}
# From this size on -> digits behind the point.
_DIGITS = ((1000, 0), (100, 1), (10, 2), (1, 3), (0, 4))


def unit(metric: str) -> str:
    """The unit that a metric's name ends with, or "".

    >>> unit("first_call_ms"), unit("parity")
    ('ms', '')
    """
    return _UNITS.get(metric.rpartition("_")[2], "") if "_" in metric else ""


def without_unit(metric: str) -> str:
    """A metric's name without the unit it ends with.

    >>> without_unit("first_call_ms")
    'first_call'
    """
    return metric.rpartition("_")[0] if unit(metric) else metric


def number(value: float | None) -> str:
    """A value for a reader: about four digits, thousands apart.

    >>> number(0.123456), number(0.000643), number(1.2), number(33.712), number(1234567)
    ('0.1235', '0.000643', '1.200', '33.71', '1,234,567')
    """
    if value is None:
        return "n/a"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if size < 0.01:
        return f"{value:#.3g}" if size >= 1e-4 else f"{value:.2g}"
    return f"{value:,.{next(digits for above, digits in _DIGITS if size >= above)}f}"


def limit(value: float) -> str:
    """A bound for a reader: as it was set, without padding.

    >>> limit(0.05), limit(2000.0), limit(1e-6)
    ('0.05', '2,000', '0.000001')
    """
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.9f}".rstrip("0")


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent.

    >>> share(1, 8), share(1, 0), share(1, 10**6), share(999_999, 10**6)
    ('12.5 %', 'n/a', '< 0.01 %', '> 99.9 %')
    """
    if not whole:
        return "n/a"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.2f} %" if 0 < percent < 1 else f"{percent:.3g} %"
