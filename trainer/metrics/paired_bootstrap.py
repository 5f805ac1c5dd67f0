"""Paired bootstrap: how much of a gain over the blessed model is more than noise.

Both models answer the same queries, so the noise that they share cancels out. Queries of one user
are alike, and not independent: users are resampled, not queries. To keep that mergeable, each user
belongs to one of `GROUPS` groups by a hash of the id, sums are kept for each group, and whole
groups are resampled: a multinomial draw of group counts is exactly a resample of groups. Users who
share a group by chance are resampled together, which does no harm, as they are independent.

Of few groups, resamples vary less than truth does: their spread is that of G - 1 groups, and it is
itself uncertain. Intervals and errors are widened by as much as Student's t is wider than the
normal distribution.

The draws follow from a fixed seed: the same sums give the same interval on every machine.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 8 (groups);
for few groups Hesterberg, What Teachers Should Know About the Bootstrap, 2015, section 4.
"""

from __future__ import annotations

import functools
import math
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

GROUPS = 1024
_DRAWS = 1000
_TAIL = 0.025  # on each side of a 95 % interval

Floats = npt.NDArray[np.float64]
# Sums [..., S] -> one value for each [...].
Statistic = Callable[[Floats], Floats]


class Gain(NamedTuple):
    """By how much the candidate is better than the blessed model (below 0: worse).

    Attributes:
        value: The gain on the queries as they are.
        lower: Lower end of the 95 % interval.
        upper: Upper end of the 95 % interval.
        error: Standard error.
    """

    value: float
    lower: float
    upper: float
    error: float


def user_group(user_id: bytes) -> int:
    """The group of a user, 0 to `GROUPS` - 1; the same in every process."""
    return zlib.crc32(user_id) % GROUPS


def paired_gain(sums: Floats, statistic: Statistic, *, step: float = 0.0) -> Gain:
    """The gain with its interval.

    Args:
        sums: Sums of each group that has queries [G, S].
        statistic: The gain that follows from sums over groups.
        step: What one query more, won or lost, changes in the gain. The error is never below that
            of one more query won and one more lost: where few ranks differ, those few could have
            been others, which resampling alone cannot know (for counts: Agresti and Min, 2005).

    Returns:
        NaN throughout without queries, or where a sum is not a number; an interval and an error of
        NaN for a single group, which says nothing of how users differ.
    """
    if not len(sums) or not np.isfinite(sums).all():
        return Gain(math.nan, math.nan, math.nan, math.nan)
    mean = float(statistic(sums.sum(axis=0, keepdims=True))[0])
    if len(sums) < 2:
        return Gain(mean, math.nan, math.nan, math.nan)
    draws = statistic(_resamples(len(sums)) @ sums)
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Gain(mean, math.nan, math.nan, math.nan)
    lower, upper = mean + (np.quantile(draws, [_TAIL, 1.0 - _TAIL]) - mean) * _widening(len(sums))
    error = float(draws.std()) * _widening(len(sums))
    return Gain(mean, float(lower), float(upper), math.hypot(error, math.sqrt(2.0) * step))


@functools.lru_cache
def _widening(groups: int) -> float:
    """How much wider the interval of so many groups is than their resamples show."""
    students = stats.t.ppf(1.0 - _TAIL, groups - 1) / stats.norm.ppf(1.0 - _TAIL)
    return float(students) * math.sqrt(groups / (groups - 1))


@functools.lru_cache(maxsize=4)
def _resamples(groups: int) -> Floats:
    """How often each group is drawn [draws, groups]; each row adds up to the number of groups."""
    drawn = np.random.default_rng(groups).integers(groups, size=(_DRAWS, groups))
    place = drawn + groups * np.arange(_DRAWS)[:, None]
    counts = np.bincount(place.ravel(), minlength=_DRAWS * groups)
    return counts.reshape(_DRAWS, groups).astype(np.float64)
