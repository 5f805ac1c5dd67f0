"""Tests of the candidates of the sampled softmax."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from trainer.two_tower.negatives import in_batch_items, sampling_probability, uniform_items


def _in_batch(targets: list[int], most: int, step: int = 1) -> list[int]:
    drawn = in_batch_items(tf.constant(targets, tf.int64), most, 3, tf.constant(step, tf.int64))
    found: list[int] = drawn.numpy().tolist()
    return found


def test_all_of_a_small_batch_are_candidates() -> None:
    assert _in_batch([9, 4, 9, 2], most=4) == [2, 4, 9, 9]
    assert _in_batch([9, 4, 9, 2], most=1000) == [2, 4, 9, 9]


def test_of_a_large_batch_each_target_is_as_likely_a_candidate() -> None:
    """3 of 7 targets in each of 700 steps; item 5 has four of them, so 4/7 of all columns."""
    targets = [8, 5, 5, 2, 5, 9, 5]
    drawn = [_in_batch(targets, most=3, step=step) for step in range(700)]
    assert {len(columns) for columns in drawn} == {3}
    times = np.bincount(np.concatenate(drawn))
    np.testing.assert_allclose(times[[2, 5, 8, 9]], [300, 1200, 300, 300], rtol=0.15)


def test_the_order_of_the_targets_does_not_choose_the_candidates() -> None:
    targets = list(range(100, 200))
    assert _in_batch(targets, most=9) == _in_batch(targets[50:] + targets[:50], most=9)
    assert _in_batch(targets, most=9) != _in_batch(targets, most=9, step=2)


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
