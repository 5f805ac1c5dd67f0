"""Estimators of a policy's value, row by row, so that whoever resamples need not know which.

Every one of them is a sum over places of a ratio of two means over lists: what is `gained`, over
its `base`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.off_policy.logged import Floats


@dataclass(frozen=True)
class Terms:
    """An estimate before its rows are added up; all [N, K].

    Attributes:
        weights: Importance weights as they follow from the two policies.
        used: The weights that the estimate lets count: clipped, or without the largest.
        gained: What each row adds to the numerator of its place.
        base: What it adds to the denominator.
    """

    weights: Floats
    used: Floats
    gained: Floats
    base: Floats


@dataclass(frozen=True)
class Predicted:
    """What a model of the rewards says; it must not have seen the rows that it predicts.

    Attributes:
        chosen: Reward of what the log put at each place [N, K].
        expected: Mean reward of each place under the policy in question: over all items, their
            rewards weighted by its probabilities [N, K].
    """

    chosen: Floats
    expected: Floats


def ips(weights: Floats, reward: Floats, *, most: float = np.inf) -> Terms:
    """Inverse propensity scores: the mean of `min(w, most) * r`.

    Unbiased without `most`. With it, what is cut off is missing, so that of rewards of 0 or more
    the value is too low, for less noise.

    Source: Horvitz and Thompson 1952; clipping: Ionides, Truncated Importance Sampling, 2008.
    """
    used = np.minimum(weights, most)
    return Terms(weights, used, used * reward, np.ones_like(reward))


def snips(weights: Floats, reward: Floats, *, most: float = np.inf) -> Terms:
    """Self-normalised: the mean of `w * r` over the mean of `w`, place by place.

    The bias falls with the number of lists; in return the value stays within the rewards, and a
    constant added to all of them is added to the value and to nothing else.

    Source: Swaminathan and Joachims, The Self-Normalized Estimator for Counterfactual Learning,
    NeurIPS 2015.
    """
    used = np.minimum(weights, most)
    return Terms(weights, used, used * reward, used)


def doubly_robust(
    weights: Floats, reward: Floats, predicted: Predicted, *, most: float = np.inf
) -> Terms:
    """Doubly robust: the mean of `expected + w * (r - chosen)`.

    Right where either the probabilities or the model are, and less noisy than IPS the better the
    model. Where a weight exceeds `most`, the model alone is believed (SWITCH).

    Source: Dudik, Langford and Li, Doubly Robust Policy Evaluation and Learning, ICML 2011; `most`:
    Wang, Agarwal and Dudik, Optimal and Adaptive Off-policy Evaluation in Contextual Bandits, ICML
    2017.
    """
    used = np.where(weights <= most, weights, 0.0)
    gained = predicted.expected + used * (reward - predicted.chosen)
    return Terms(weights, used, gained, np.ones_like(reward))
