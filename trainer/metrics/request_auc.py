"""AUC among the candidates of one request."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def request_auc(labels: npt.NDArray[Any], scores: npt.NDArray[Any]) -> float:
    """Chance that a positive of a request is scored above a negative; equal scores count half.

    Args:
        labels: 0 or 1 [C].
        scores: [C].

    Returns:
        NaN where all labels are alike: such a request says nothing about the order.
    """
    positive, negative = scores[labels > 0], scores[labels <= 0]
    if not positive.size or not negative.size:
        return math.nan
    if np.isnan(scores).any():
        return 0.0  # scores that are no numbers give no order: the worst that can be
    difference = positive[:, None] - negative[None]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))
