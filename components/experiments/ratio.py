"""Sample-ratio mismatch: whether the arms have as many users as they should.

Where they have not, users were lost or doubled on the way, and rarely by chance: those who are
missing may be just the ones on whom the arm acted. Nothing can be read from such an experiment
(Fabijan et al. 2019, Diagnosing Sample Ratio Mismatch in Online Controlled Experiments).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chisquare

# So small that looking every day for weeks still stops a sound experiment hardly ever.
LEVEL = 0.0005


@dataclass(frozen=True)
class RatioCheck:
    """The check.

    Attributes:
        expected: Users of each arm, as the shares would have it.
        chance: Of counts that are as far from it (chi-square).
        holds: Whether the experiment may be read.
    """

    expected: tuple[float, ...]
    chance: float
    holds: bool


def check_ratio(users: Sequence[int], shares: Sequence[float]) -> RatioCheck:
    """Holds the users of the arms against their shares."""
    expected = np.asarray(shares) / sum(shares) * sum(users)
    chance = float(chisquare(users, expected).pvalue) if sum(users) else 1.0
    return RatioCheck(tuple(expected.tolist()), chance, chance >= LEVEL)
