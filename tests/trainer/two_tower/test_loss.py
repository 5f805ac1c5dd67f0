"""Tests of the sampled softmax, from first principles and against TensorFlow Recommenders."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.two_tower.loss import full_softmax, sampled_softmax

ONCE = tf.ones([2], tf.int32)


def test_a_query_is_asked_to_tell_its_positive_from_the_others() -> None:
    queries = tf.constant([[1.0, 0.0]])
    items = tf.constant([[2.0, 5.0], [1.0, 5.0]])
    loss = sampled_softmax(queries, items, tf.constant([0.5, 0.25]), ONCE[:2], ONCE[:1] - 1)
    own, other = math.exp(2.0) / 0.5, math.exp(1.0) / 0.25
    assert float(loss) == pytest.approx(-math.log(own / (own + other)), rel=1e-6)


def test_the_positive_in_another_place_is_no_negative() -> None:
    queries, items = tf.constant([[1.0], [2.0]]), tf.constant([[1.0], [3.0]])
    alone = sampled_softmax(queries[:1], items[:1], tf.ones([1]), 2 * ONCE[:1], ONCE[:1] - 1)
    assert float(alone) == 0.0
    # The first query's item was drawn twice; the second query must beat it twice.
    times, own = tf.constant([2, 1]), tf.constant([0, 1])
    both = sampled_softmax(queries, items, tf.ones([2]), times, own)
    first = math.exp(1.0) / (math.exp(1.0) + math.exp(3.0))
    second = math.exp(6.0) / (2 * math.exp(2.0) + math.exp(6.0))
    assert float(both) == pytest.approx(-math.log(first) - math.log(second), rel=1e-6)


def test_value_and_gradients_are_those_of_tensorflow_recommenders() -> None:
    rng = np.random.default_rng(0)
    queries = tf.Variable(rng.normal(size=(20, 8)).astype(np.float32))
    items = tf.Variable(rng.normal(size=(12, 8)).astype(np.float32))
    probability = tf.constant(rng.uniform(0.01, 1.0, 12).astype(np.float32))
    drawn = np.concatenate([np.arange(12), rng.integers(0, 12, 20)])  # of 20 positives and 12 more
    times = tf.constant(np.bincount(drawn).astype(np.int32))
    task = tfrs.tasks.Retrieval(remove_accidental_hits=True)
    found = []
    for loss_of in (
        lambda: sampled_softmax(
            queries, items, probability, times, tf.constant(drawn[:20].astype(np.int32))
        ),
        lambda: task(
            queries,
            tf.gather(items, drawn),
            candidate_sampling_probability=tf.gather(probability, drawn),
            candidate_ids=tf.constant(drawn),
            compute_metrics=False,
        ),
    ):
        with tf.GradientTape() as tape:
            loss = loss_of()
        gradients = tape.gradient(loss, [queries, items])
        found.append([loss, *map(tf.convert_to_tensor, gradients)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_the_full_softmax_is_the_share_of_the_own_item() -> None:
    queries, items = tf.constant([[1.0], [2.0]]), tf.constant([[1.0], [3.0], [5.0]])
    shares = [math.exp(3.0) / sum(map(math.exp, (1.0, 3.0, 5.0)))]
    shares.append(math.exp(2.0) / sum(map(math.exp, (2.0, 6.0, 10.0))))
    loss = full_softmax(queries, items, tf.constant([1, 0], tf.int64))
    assert float(loss) == pytest.approx(-sum(map(math.log, shares)), rel=1e-6)
