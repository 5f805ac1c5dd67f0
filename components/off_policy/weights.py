"""Importance weights: by how much more often the policy in question does what the log did."""

from __future__ import annotations

import numpy as np

from components.off_policy.logged import Floats, Logged


def independent(log: Logged) -> Floats:
    """Weights of each place by itself [N, K]: the item-position model.

    The probabilities are those of the item at the place, whatever stands elsewhere. Unbiased where
    what a place earns depends on its item and its position alone; for lists of one place always.

    Source: Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen, Offline Evaluation of Ranking
    Policies with Click Models, KDD 2018.
    """
    return log.target / log.propensity


def sequential(log: Logged) -> Floats:
    """Weights of each place with all above it [N, K]: reward interaction.

    The probabilities are those of the item *given* the items above it; a place is weighted by the
    product down to it. Unbiased where what a place earns depends on what stands at it and above it,
    and wider than `independent` the further down.

    Source: McInerney, Brost, Chandar, Mehrotra and Carterette, Counterfactual Evaluation of Slate
    Recommendations with Sequential Reward Interactions, KDD 2020.
    """
    return np.cumprod(log.target / log.propensity, axis=1, dtype=np.float64)


def effective_users(weights: Floats, user: np.ndarray) -> Floats:
    """How many equally weighted users would tell as much, at each place: [N, K] -> [K].

    The square of the sum over the sum of the squares, of each user's weights together; 0 where
    every weight is 0.

    Source: Kish, Survey Sampling, 1965.
    """
    _, number = np.unique(user, return_inverse=True)
    of_user = np.zeros((number.max() + 1, weights.shape[1]))
    np.add.at(of_user, number, weights)
    squares = (of_user**2).sum(axis=0)
    count: Floats = of_user.sum(axis=0) ** 2 / np.where(squares > 0.0, squares, 1.0)
    return count
