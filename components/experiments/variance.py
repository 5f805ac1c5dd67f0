"""CUPED: what users did before tells a part of what they do now, and that part is no effect.

Source: Deng, Xu, Kohavi and Walker 2013, Improving the Sensitivity of Online Controlled Experiments
by Utilizing Pre-Experiment Data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def adjusted(outcome: Values, before: Values, arm: NDArray[np.int64]) -> Values:
    """The outcomes less what was to be expected of each user.

    `y - theta (x - mean x)`, with theta fitted within the arms, so that an effect of theirs is no
    part of it. The expected difference between arms stays what it was, since nobody's past depends
    on the arm.

    Args:
        outcome: [N].
        before: The same measure before the first list [N].
        arm: Index of each user's arm [N].
    """
    y, x = _centred(outcome, arm), _centred(before, arm)
    spread = float(x @ x)
    if spread == 0:  # nobody there, or nobody did anything before
        return outcome
    corrected: Values = outcome - float(x @ y) / spread * (before - before.mean())
    return corrected


def saved(outcome: Values, corrected: Values, arm: NDArray[np.int64]) -> float:
    """Share of the variance within the arms that the correction took away."""
    before, after = (float(np.square(_centred(v, arm)).sum()) for v in (outcome, corrected))
    return 1.0 - after / before if before else 0.0


def _centred(values: Values, arm: NDArray[np.int64]) -> Values:
    counts = np.maximum(np.bincount(arm), 1)
    means: Values = np.bincount(arm, values) / counts
    return values - means[arm]
