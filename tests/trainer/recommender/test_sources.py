"""Tests of the votes of the recent history."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.recommender.limits import Limits, RuledOut
from trainer.recommender.sources import Votes, co_view_votes

HISTORIES = [[0, 0, 4, 9], [5, 6, 7, 8], [0, 0, 0, 0]]


def naive_votes(
    history: list[int], followers: np.ndarray, weights: np.ndarray, decay: float
) -> np.ndarray:
    votes = np.zeros(len(followers))
    for age, item in enumerate(reversed(history)):
        for follower, weight in zip(followers[item], weights[item], strict=True):
            votes[follower] += weight * decay**age
    return votes


def tables() -> tuple[np.ndarray, np.ndarray]:
    """Three followers of each of 20 items; padding follows nothing, and nothing follows it."""
    rng = np.random.default_rng(7)
    followers = rng.integers(2, 20, size=(20, 3))
    weights = rng.random((20, 3)).astype(np.float32)
    followers[0], weights[0] = 0, 0.0
    return followers, weights


def votes_of(histories: list[list[int]]) -> Votes:
    followers, weights = tables()
    return co_view_votes(
        tf.constant(histories, tf.int64), tf.constant(followers), tf.constant(weights), 0.8
    )


def test_votes_equal_a_plain_count() -> None:
    every = tf.tile(tf.range(20, dtype=tf.int64)[tf.newaxis], [len(HISTORIES), 1])
    for history, got in zip(HISTORIES, votes_of(HISTORIES).of(every).numpy(), strict=True):
        np.testing.assert_allclose(got, naive_votes(history, *tables(), 0.8), rtol=1e-5)


@pytest.fixture
def limits(catalogue: Catalogue) -> Limits:
    """Of a catalogue of ten items, 2 to 11."""
    return Limits(catalogue)


def test_the_best_are_those_with_most_votes_that_may_be_shown(limits: Limits) -> None:
    ruled_out = RuledOut(tf.constant([[7, 0], [3, 7], [0, 0]], tf.int64), None)
    votes = votes_of([[0, 0, 4, 9], [5, 6, 7, 8], [0, 0, 0, 0]])
    votes = Votes(tf.minimum(votes.items, 11), votes.totals)  # items of this small catalogue
    plain = votes.of(tf.tile(tf.range(12, dtype=tf.int64)[tf.newaxis], [3, 1])).numpy()
    ids, valid = (part.numpy() for part in votes.best(limits, ruled_out, tf.constant(4)))
    for row, excluded in enumerate(([7], [3, 7], [])):
        open_ = [i for i in range(2, 12) if plain[row, i] > 0 and i not in excluded]
        expected = sorted(open_, key=lambda i: -plain[row, i])[:4]
        assert ids[row][valid[row]].tolist() == expected


def test_there_may_be_more_places_than_votes(limits: Limits) -> None:
    votes = Votes(tf.constant([[3, 3]], tf.int64), tf.constant([[0.5, 0.5]]))
    ids, valid = votes.best(limits, RuledOut(tf.zeros([1, 0], tf.int64), None), tf.constant(5))
    assert valid.numpy().tolist() == [[True, False, False, False, False]]
    assert ids.numpy()[0, 0] == 3
