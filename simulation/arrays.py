"""Array types, and the few array operations that the simulation's files share."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Factors = NDArray[np.float32]
Bools = NDArray[np.bool_]


def counters(counts: Ints) -> Ints:
    """0, 1 ... of each run.

    >>> counters(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    before = np.cumsum(counts) - counts
    numbers: Ints = np.arange(counts.sum()) - np.repeat(before, counts)
    return numbers


def sigmoid(log_odds: Floats) -> Floats:
    """Probabilities of log-odds."""
    probability: Floats = 1 / (1 + np.exp(-log_odds))
    return probability


def ids(prefix: str, numbers: Ints, digits: int) -> pl.Series:
    """Ids as text; at most 12 characters in all are fastest, as Arrow holds them in place."""
    return prefix + pl.Series(numbers).cast(pl.String).str.zfill(digits)
