"""Logs of tiny shops, in which every choice stands exactly as often as it is probable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from components.off_policy.logged import Logged

Floats = npt.NDArray[np.float64]

# One place, three items: how often each is shown, and what it earns.
SHOWN = np.array([3, 2, 1])
EARNS = np.array([0.2, 0.5, 0.8])
TARGET = np.array([0.1, 0.2, 0.7])
VALUE = float(TARGET @ EARNS)


def of_one_place(repeats: int = 1, target: Floats = TARGET) -> tuple[Logged, npt.NDArray[np.int64]]:
    """A log and its items; each list is another user's."""
    item = np.tile(np.repeat(np.arange(3), SHOWN), repeats)
    propensity = (SHOWN / SHOWN.sum())[item]
    user = np.arange(len(item))
    columns = (EARNS[item], propensity, target[item])
    return Logged(user, *(column[:, None] for column in columns)), item


def of_two_places(logged: Floats, target: Floats, earns: Floats, conditional: bool) -> Logged:
    """All lists of two of three items, in tenths: `logged` and `target` [item, item].

    Args:
        logged: Probability of each list; a multiple of 0.1.
        target: The same of the policy in question.
        earns: Of each list and place [item, item, 2].
        conditional: Whether probabilities are given the place above.
    """
    first, second = np.nonzero(logged)
    often = np.round(logged[first, second] * 10).astype(int)
    first, second = np.repeat(first, often), np.repeat(second, often)

    def places(policy: Floats) -> Floats:
        above = policy.sum(axis=1)[first]
        if conditional:
            below = policy[first, second] / np.where(above > 0, above, 1.0)
        else:
            below = policy.sum(axis=0)[second]
        return np.stack([above, below], axis=1)

    return Logged(np.arange(len(first)), earns[first, second], places(logged), places(target))
