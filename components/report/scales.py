"""Axes: where a value lies in a figure, and which round numbers to write beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Linear map from data to pixels.

    Attributes:
        low: Data value at `start`.
        high: Data value at `end`; above `low`.
        start: Pixel of `low`.
        end: Pixel of `high`; may be below `start`, as pixels count downwards on a page.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Pixel of a value, to a tenth."""
        span = (value - self.low) / (self.high - self.low)
        return round(self.start + span * (self.end - self.start), 1)

    def ticks(self, count: int = 5) -> list[float]:
        """Round values within the scale."""
        return [t for t in round_steps(self.low, self.high, count) if self.low <= t <= self.high]


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
