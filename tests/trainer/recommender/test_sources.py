"""Tests of the candidate sources."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from trainer.recommender.sources import best, co_view_votes, mark


def naive_votes(
    history: list[int], followers: np.ndarray, weights: np.ndarray, decay: float
) -> np.ndarray:
    votes = np.zeros(len(followers))
    for age, item in enumerate(reversed(history)):
        for follower, weight in zip(followers[item], weights[item], strict=True):
            votes[follower] += weight * decay**age
    return votes


def test_votes_equal_a_plain_count() -> None:
    rng = np.random.default_rng(7)
    followers = rng.integers(2, 20, size=(20, 3))
    weights = rng.random((20, 3)).astype(np.float32)
    weights[0] = 0.0  # padding follows nothing
    histories = [[0, 0, 4, 9], [5, 6, 7, 8], [0, 0, 0, 0]]
    votes = co_view_votes(
        tf.constant(histories, tf.int64), tf.constant(followers), tf.constant(weights), 0.8
    ).numpy()
    for history, got in zip(histories, votes, strict=True):
        np.testing.assert_allclose(got, naive_votes(history, followers, weights, 0.8), rtol=1e-5)


def test_mark_marks_each_row_for_itself() -> None:
    marked = mark(tf.constant([[1, 3, 3], [0, 0, 0]], tf.int64), tf.constant(4)).numpy()
    assert marked.tolist() == [[False, True, False, True], [True, False, False, False]]


def test_best_says_where_nothing_allowed_is_left() -> None:
    scores = tf.constant([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    allowed = tf.constant([[True, False, True], [False, True, False]])
    ids, found = best(scores, allowed, tf.constant(2))
    assert ids.numpy()[0].tolist() == [2, 0]
    assert ids.numpy()[1, 0] == 1
    assert found.numpy().tolist() == [[True, True], [True, False]]
