"""The value of a policy with its interval, or the refusal to name one."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.off_policy.estimators import Terms
from components.off_policy.logged import Floats
from components.off_policy.weights import effective_users
from trainer.metrics.paired_bootstrap import GROUPS, Gain, paired_gain, user_group

Users = npt.NDArray[np.int64]

# As many equally weighted users carry a mean and its interval; no user then has more than a tenth
# of the weight.
FEWEST_USERS = 100.0
# Standard errors by which the mean weight may lie below 1: by chance once in 30,000 places.
_BELOW = 4.0


class NoOverlapError(ValueError):
    """The log does not say what the policy would have earned; the message says why."""


class Overlap(NamedTuple):
    """How much of a policy the log has seen, at its worst place.

    Attributes:
        users: Effective number of users (`effective_users`).
        mass: Mean weight. It is, up to noise, the probability with which the policy does what the
            log may do: 1 where the log may do everything that the policy does.
        missing: By how many standard errors `mass` lies below 1.
    """

    users: float
    mass: float
    missing: float


def overlap(terms: Terms, user: Users) -> Overlap:
    """Measures the overlap.

    That the mean weight is known to be 1: Swaminathan and Joachims, The Self-Normalized Estimator
    for Counterfactual Learning, NeurIPS 2015.
    """
    means = [_mean(column, user) for column in terms.weights.T]
    worst = max(means, key=_missing)
    users = effective_users(terms.used, user).min()
    return Overlap(float(users), worst.value, _missing(worst))


def value(terms: Terms, user: Users) -> Gain:
    """The value of a policy: what a list earns on average, with its 95 % interval.

    Users are resampled (`trainer.metrics.paired_bootstrap`), as lists of one user are alike. The
    noise of the probabilities is none: they are known, not estimated.

    Raises:
        NoOverlapError: The log has not seen enough of what the policy does.
    """
    _require_overlap(terms, user)
    places = terms.gained.shape[1]
    sums = _of_groups([terms.gained, terms.base], user)
    return paired_gain(sums, functools.partial(_ratios, places=places))


def lead(terms: Terms, over: Terms, user: Users) -> Gain:
    """By how much a policy earns more than another, on the same lists: the noise of both is one.

    To hold a policy against that of the log itself, let the other's weights be 1.

    Raises:
        NoOverlapError: The log has not seen enough of what one of the two does.
    """
    _require_overlap(terms, user)
    _require_overlap(over, user)
    places = terms.gained.shape[1]
    sums = _of_groups([terms.gained, terms.base, over.gained, over.base], user)

    def difference(sums: Floats) -> Floats:
        ours, theirs = np.split(sums, [2 * places], axis=-1)
        return _ratios(ours, places) - _ratios(theirs, places)

    return paired_gain(sums, difference)


def _require_overlap(terms: Terms, user: Users) -> None:
    found = overlap(terms, user)
    if found.missing > _BELOW:
        raise NoOverlapError(
            "A log can only tell of what its policy may do: the mean weight must be 1 up to noise. "
            f"Received: {found.mass:.3g}, {found.missing:.1f} standard errors below. The policy "
            "does things that the log's policy hardly ever or never does; let that one explore "
            "more, or evaluate a policy that is nearer to it."
        )
    if not found.users >= FEWEST_USERS:
        raise NoOverlapError(
            f"The weights must be those of at least {FEWEST_USERS:.0f} users in effect, or a few "
            f"lists decide. Received: {found.users:.1f}. Take a longer log or one with more "
            "exploration, or clip the weights and accept the bias."
        )


def _mean(column: Floats, user: Users) -> Gain:
    sums = _of_groups([column[:, None], np.ones((len(column), 1))], user)
    return paired_gain(sums, functools.partial(_ratios, places=1))


def _missing(mean: Gain) -> float:
    """Standard errors below 1; equal weights have no error, and are 1 or they are not."""
    return (1.0 - mean.value) / max(mean.error, 1e-9)


def _ratios(sums: Floats, places: int) -> Floats:
    """Sums [..., 2 K] of what is gained and its base -> the sum over places [...]."""
    ratios: Floats = (sums[..., :places] / sums[..., places:]).sum(axis=-1)
    return ratios


def _of_groups(columns: list[Floats], user: Users) -> Floats:
    """Sums of each group of users that has lists [G, columns]."""
    known, number = np.unique(user, return_inverse=True)
    group = np.array([user_group(one.tobytes()) for one in known])[number]
    table = np.concatenate(columns, axis=1)
    sums = np.zeros((GROUPS, table.shape[1]))
    np.add.at(sums, group, table)
    return sums[np.bincount(group, minlength=GROUPS) > 0]
