"""What the exploration of the recommender logs is enough to evaluate another ranking."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.off_policy.estimators import ips, snips
from components.off_policy.logged import Logged
from components.off_policy.value import NoOverlapError, lead, value
from components.off_policy.weights import independent
from trainer.recommender.exploration import draw, propensity

LISTS, ITEMS, PLACES, SHARE = 20_000, 6, 3, 0.2
RATE = np.array([0.1, 0.3, 0.2, 0.4, 0.1, 0.2])[:, np.newaxis] * np.array([1.0, 0.7, 0.5])
RANKED = tf.fill([LISTS], ITEMS)
COUNT = tf.constant(PLACES)


def chances(rank: np.ndarray, share: float) -> np.ndarray:
    """Probability of the items at their places, whose ranks [N, PLACES] are given."""
    many = tf.fill([len(rank)], ITEMS)
    return propensity(tf.constant(rank, tf.int32), many, COUNT, share).numpy().astype(np.float64)


def value_of(order: list[int], share: float) -> float:
    """What lists of a ranking earn on average: items, best first."""
    rank = np.argsort(order)[:, np.newaxis].repeat(PLACES, axis=1)
    return float((chances(rank, share) * RATE).sum())


def log_of(order: list[int], share: float = SHARE) -> Logged:
    """A log in which items stand in the order of their numbers, seen from another order."""
    requests = tf.constant([f"{number}" for number in range(LISTS)])
    drawn = draw(requests, RANKED, COUNT, share)
    item = drawn.rank.numpy()
    clicked = np.random.default_rng(1).random(item.shape) < RATE[item, np.arange(PLACES)]
    return Logged(
        np.arange(LISTS),
        clicked.astype(np.float64),
        drawn.propensity.numpy().astype(np.float64),
        chances(np.argsort(order)[item], SHARE),
    )


def test_another_ranking_is_worth_what_it_would_earn() -> None:
    order = [1, 0, 3, 2, 4, 5]  # better: items 1 and 3 move up
    log = log_of(order)
    terms = snips(independent(log), log.reward)
    found = value(terms, log.user)
    truth = value_of(order, SHARE)
    assert found.lower < truth < found.upper
    assert found.value == pytest.approx(truth, rel=0.1)
    ahead = lead(terms, ips(np.ones_like(log.reward), log.reward), log.user)
    assert ahead.lower < truth - value_of(list(range(ITEMS)), SHARE) < ahead.upper
    assert ahead.lower > 0.0


def test_without_exploration_nothing_is_said_of_another_ranking() -> None:
    log = log_of([1, 0, 3, 2, 4, 5], share=0.0)
    with pytest.raises(NoOverlapError, match="may do"):
        value(snips(independent(log), log.reward), log.user)
