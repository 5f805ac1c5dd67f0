"""The rhythm of days and weeks (UTC)."""

from __future__ import annotations

import numpy as np

from simulation.arrays import Ints
from simulation.plan import DAY

_HOUR_WEIGHTS = np.array(
    [3, 2, 1, 1, 1, 1, 2, 4, 5, 6, 6, 6, 7, 6, 6, 6, 6, 7, 8, 10, 11, 10, 8, 5], np.float64
)
_WEEKDAY_WEIGHTS = (0.9, 0.9, 0.9, 0.95, 1.05, 1.2, 1.3)  # from Monday
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


def times_of_day(count: int, rng: np.random.Generator) -> Ints:
    """Seconds since midnight."""
    hour = rng.choice(24, count, p=_HOUR_WEIGHTS / _HOUR_WEIGHTS.sum())
    return hour * 3600 + rng.integers(0, 3600, count)


def weekday_weight(moment: int) -> float:
    """How busy the day of a moment (unix seconds) is among those of its week."""
    return _WEEKDAY_WEIGHTS[(moment // DAY + _FIRST_WEEKDAY) % 7]
