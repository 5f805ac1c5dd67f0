"""The model of rewards that doubly robust estimates lean on: how often each item is taken."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from components.off_policy.estimators import Predicted
from components.off_policy.logged import Floats

Ints = npt.NDArray[np.int64]

_PRIOR = 100.0  # impressions by which each item's rate is drawn to that of all


def item_rates(item: Ints, reward: Floats, items: int) -> Floats:
    """Mean reward of each item [items], drawn to the mean of all where it was rarely shown."""
    shown = np.bincount(item.ravel(), minlength=items)
    earned = np.bincount(item.ravel(), weights=reward.ravel(), minlength=items)
    rate: Floats = (earned + _PRIOR * reward.mean()) / (shown + _PRIOR)
    return rate


def predicted(
    user: Ints, item: Ints, reward: Floats, shown: Ints, filled: npt.NDArray[np.bool_]
) -> Predicted:
    """What rates of items and places say of lists, each half of the users by those of the other.

    Args:
        user: Whose list it is [N].
        item: What the log put at each place [N, K].
        reward: What it earned there [N, K].
        shown: What the policy in question puts there for certain [N, K].
        filled: Where the lists of the log hold anything [N, K]; nothing is expected elsewhere.
    """
    items = int(max(item.max(), shown.max())) + 1
    chosen, expected = np.zeros_like(reward), np.zeros_like(reward)
    for half in (0, 1):
        own = user % 2 == half
        known = filled & ~own[:, np.newaxis]
        if not reward[known].any():
            continue  # the other half says nothing: without a prediction this is IPS
        rate = item_rates(item[known], reward[known], items)
        of_place = np.where(known, reward, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        there = filled[own] * (of_place / reward[known].mean())
        chosen[own] = rate[item[own]] * there
        expected[own] = rate[shown[own]] * there
    return Predicted(chosen, expected)
