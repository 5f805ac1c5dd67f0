"""Confidence sequences: intervals that hold at all times together, however often one looks.

A 95 % interval for one fixed time misses the truth far more often than once in twenty if it is
looked at every day and the first miss counts. An asymptotic confidence sequence misses it at *any*
time with that chance. From n observations with mean m and variance s2, it is

    m +- sqrt(s2 / n) sqrt((nr + 1) / nr log((nr + 1) / alpha**2)),    nr = n rho**2,

whatever the distribution, as long as the variance exists and the first look has enough
observations for the central limit theorem. It is the inverted mixture of likelihood ratios that is
known as mSPRT, too; `rho` says for which n it is narrowest.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, Time-uniform central limit theory and
asymptotic confidence sequences, theorem 2.2; Johari, Koomen, Pekelis and Walsh 2022, Always valid
inference, for the p-value.
"""

from __future__ import annotations

import math

from scipy.special import lambertw


def mixing(alpha: float, narrowest_at: int) -> float:
    """`rho**2` of the sequence that is narrowest, for its level, after so many observations.

    The width is least where log((x + 1) / alpha**2) = x, with x = n rho**2.
    """
    x = -float(lambertw(-(alpha**2) / math.e, k=-1).real) - 1.0
    return x / narrowest_at


def radius(error: float, count: int, alpha: float, rho2: float) -> float:
    """Half the width of the interval.

    Args:
        error: Standard error of the estimate.
        count: Observations behind it.
        alpha: Chance of a miss at any time.
        rho2: As `mixing` gives it; the same at every look.
    """
    x = count * rho2
    return error * math.sqrt((x + 1) / x * math.log((x + 1) / alpha**2))


def chance(estimate: float, error: float, count: int, rho2: float) -> float:
    """The p-value that holds at all times together: the level at which the interval reaches 0.

    Args:
        estimate: What was measured.
        error: Its standard error; 0 where all observations are the same.
        count: Observations behind it.
        rho2: As `mixing` gives it; the same at every look.
    """
    if not error:
        return 1.0 if not estimate else 0.0
    x = count * rho2
    evidence = 0.5 * (estimate / error) ** 2 * x / (x + 1) - 0.5 * math.log(x + 1)
    return min(1.0, math.exp(min(0.0, -evidence)))
