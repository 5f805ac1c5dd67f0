"""A log with probabilities, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Logged:
    """Lists that were shown, and what they earned. A single choice is a list of one place.

    A place that holds nothing is a choice that both policies make for certain: its reward is 0, its
    two probabilities are 1.

    Attributes:
        user: Whose list it is; any integers [N]. Lists of one user are alike, so intervals come
            from users, not from lists.
        reward: What each place earned [N, K].
        propensity: Probability with which the policy of the log put that item there [N, K].
        target: Probability with which the policy in question would have [N, K].

    Whether the probabilities are of the place by itself, or given the places above it, is for the
    weights to say (`independent`, `sequential`).

    Raises:
        ValueError: Shapes differ, something is no number, or a probability is none.
    """

    user: npt.NDArray[np.int64]
    reward: Floats
    propensity: Floats
    target: Floats

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("reward", "propensity", "target")}
        lists = (len(self.user), *self.reward.shape[1:])
        if len(lists) != 2 or 0 in lists or set(shapes.values()) != {lists}:
            raise ValueError(
                "A log must have a user for each list, and rewards and probabilities [lists, "
                f"places]. Received: {len(self.user)} users, {shapes}. Give every list all of them."
            )
        if not np.isfinite(self.reward).all():
            wrong = np.count_nonzero(~np.isfinite(self.reward))
            raise ValueError(
                f"Every reward must be a number. Received: {wrong} that are not. Leave those lists "
                "out."
            )
        self._check("propensity", (self.propensity > 0.0) & (self.propensity <= 1.0), "above 0")
        self._check("target", (self.target >= 0.0) & (self.target <= 1.0), "0 or more")

    def _check(self, name: str, holds: npt.NDArray[np.bool_], least: str) -> None:
        if not holds.all():
            wrong = getattr(self, name)[~holds]
            raise ValueError(
                f"`{name}` must be a probability, {least} and at most 1: what was shown was shown "
                f"with some. Received: {wrong[:5].tolist()} ({len(wrong)} such). Log it as the "
                "policy drew it, and leave out lists without one."
            )
