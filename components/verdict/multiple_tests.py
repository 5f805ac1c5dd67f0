"""Many tests at once: chances that allow for how many there were."""

from __future__ import annotations

import math
from collections.abc import Sequence


def chance_of_step_back(value: float, bound: float, error: float) -> float:
    """Chance that noise alone brings a value so low, if the truth lies at the bound (one-sided).

    Args:
        value: What was measured.
        bound: The lowest value that is allowed.
        error: Its standard error; 0 where nothing is left to chance.
    """
    if not error:
        return float(value >= bound)
    return 0.5 * math.erfc((bound - value) / error / math.sqrt(2.0))


def holm(chances: Sequence[float]) -> list[float]:
    """Adjusts p-values for their number, so that each may be held against one level.

    The chance that any true hypothesis is rejected stays below the level, however the tests depend
    on each other: slices overlap, and their metrics move together. Benjamini and Yekutieli would
    allow a share of false alarms among the alarms, but one alarm withholds a model.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.

    Raises:
        ValueError: If a chance is not a number: it would hide all that are less likely.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if any(math.isnan(chance) for chance in chances):
        raise ValueError(
            f"Holm's method orders chances from 0 to 1. Received: {list(chances)}. "
            "Leave out what was not measured."
        )
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    adjusted = [0.0] * len(chances)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(chances) - place) * chances[i]))
        adjusted[i] = highest
    return adjusted
