"""Tests of the candidates of the sampled softmax."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from trainer.two_tower.negatives import sampling_probability, uniform_items


def test_uniform_items_are_items_and_change_with_the_step_alone() -> None:
    first = uniform_items(1000, 12, seed=3, step=tf.constant(1, tf.int64)).numpy()
    assert first.min() == 2
    assert first.max() == 11
    again = uniform_items(1000, 12, seed=3, step=tf.constant(1, tf.int64)).numpy()
    later = uniform_items(1000, 12, seed=3, step=tf.constant(2, tf.int64)).numpy()
    np.testing.assert_array_equal(first, again)
    assert (first != later).any()


def test_probabilities_are_the_expected_shares_of_the_columns() -> None:
    """Drawn 60 by frequency and 40 uniformly from 4 items: counts 60 f + 10, of 100."""
    frequency = tf.constant([0.5, 0.3, 0.2, 0.0])
    got = sampling_probability(frequency, tf.constant(60), uniform=40, items=6).numpy()
    np.testing.assert_allclose(got, [0.40, 0.28, 0.22, 0.10], rtol=1e-6)
    assert got.sum() == np.float32(1.0)
