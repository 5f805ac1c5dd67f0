"""The model of rewards that doubly robust estimates lean on: how often each item is clicked."""

from __future__ import annotations

import numpy as np

from components.off_policy.logged import Floats
from simulation.arrays import Ints

_PRIOR = 100.0  # impressions by which each item's rate is drawn to that of all


def item_rates(item: Ints, reward: Floats, items: int) -> Floats:
    """Mean reward of each item [items], drawn to the mean of all where it was rarely shown."""
    shown = np.bincount(item.ravel(), minlength=items)
    earned = np.bincount(item.ravel(), weights=reward.ravel(), minlength=items)
    rate: Floats = (earned + _PRIOR * reward.mean()) / (shown + _PRIOR)
    return rate
