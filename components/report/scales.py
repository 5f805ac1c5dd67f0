"""Axes: where a value lies in a figure, and which round numbers to write beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Scale(Protocol):
    """A map from data to pixels."""

    def at(self, value: float) -> float:
        """Pixel of a value, to a tenth."""

    def ticks(self) -> Sequence[float]:
        """Round values within the scale."""


@dataclass(frozen=True)
class Linear:
    """Equal steps are equally far apart.

    Attributes:
        low: Data value at `start`.
        high: Data value at `end`; above `low`.
        start: Pixel of `low`.
        end: Pixel of `high`; may be below `start`, as pixels count downwards on a page.
        marks: Round values to write beside the axis.
    """

    low: float
    high: float
    start: float
    end: float
    marks: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        """Pixel of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> Sequence[float]:
        """The marks."""
        return self.marks


@dataclass(frozen=True)
class Decades:
    """Equal factors are equally far apart; a value below `low` lies at `low`.

    Attributes:
        low: A power of ten, at `start`.
        high: A larger power of ten, at `end`.
        start: Pixel of `low`.
        end: Pixel of `high`.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Pixel of a value, to a tenth."""
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> Sequence[float]:
        """The powers of ten."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def enclosing(low: float, high: float, start: float, end: float) -> Linear:
    """A linear scale whose ends are the round values around two others."""
    steps = tuple(round_steps(low, high))
    return Linear(steps[0], steps[-1], start, end, steps)


def counting(last: int, start: float, end: float) -> Linear:
    """A linear scale from 1 to `last` (at least 2), with whole numbers as marks."""
    last = max(last, 2)
    marks = tuple(t for t in round_steps(1, last) if 1 <= t <= last and t.is_integer())
    return Linear(1, last, start, end, marks)


def round_steps(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` multiples of 1, 2 or 5 times a power of ten that enclose [low, high].

    >>> round_steps(0.0, 0.93)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round_steps(3.0, 3.0)
    [2.0, 3.0, 4.0]
    """
    if high <= low:
        low, high, count = low - 1.0, high + 1.0, 2
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def enclosing_decades(low: float, high: float) -> tuple[float, float]:
    """The powers of ten around two positive values, at least one apart.

    >>> enclosing_decades(0.002, 0.3)
    (0.001, 1.0)
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return 10.0**first, 10.0 ** max(last, first + 1)
