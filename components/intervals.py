"""Confidence intervals of means over requests, from the mean and the number of requests alone."""

from __future__ import annotations

import math

_Z = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


def mean_interval(mean: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a mean of values from 0 to 1: Wilson's score interval.

    For a share of requests (recall of one target) it is the usual one. Of all values between 0 and
    1 with a given mean, those that are only 0 or 1 vary most, so for NDCG and MRR it is a little
    too wide. It takes requests for independent; where those of one user are alike, it is narrower
    than it should be.

    Args:
        mean: From 0 to 1.
        count: Number of requests, at least 1.

    Returns:
        Lower and upper end, within 0 and 1.

    Source: Wilson 1927 (Probable Inference, the Law of Succession); the bound of the variance is
    Bhatia and Davis 2000 (A Better Bound on the Variance).
    """
    square = _Z * _Z / count
    middle = (mean + square / 2) / (1 + square)
    half = _Z * math.sqrt(mean * (1 - mean) / count + square / (4 * count)) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)
