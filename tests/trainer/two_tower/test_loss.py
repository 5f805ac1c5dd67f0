"""Tests of the sampled softmax, from first principles and against TensorFlow Recommenders."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.two_tower.loss import Drawn, full_softmax, sampled_softmax


def drawn(ids: list[int], vectors: list[list[float]], probability: list[float]) -> Drawn:
    return Drawn(tf.constant(ids, tf.int64), tf.constant(vectors), tf.constant(probability))


def test_a_query_is_asked_to_tell_its_positive_from_the_candidates() -> None:
    """One positive lies between the candidates by its id, one above them."""
    queries = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    positives = drawn([3, 8], [[2.0, 5.0], [1.0, 4.0]], [0.5, 0.2])
    candidates = drawn([2, 7], [[1.0, 5.0], [0.5, 5.0]], [0.25, 0.125])
    loss = sampled_softmax(queries, positives, candidates, tf.constant([1, 3]))
    first, others = math.exp(2.0) / 0.5, math.exp(1.0) / 0.25 + 3 * math.exp(0.5) / 0.125
    second, beside = math.exp(4.0) / 0.2, math.exp(5.0) / 0.25 + 3 * math.exp(5.0) / 0.125
    expected = -math.log(first / (first + others)) - math.log(second / (second + beside))
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_nobody_who_asks_costs_nothing() -> None:
    """A share of a batch may hold no target."""
    candidates = drawn([2], [[1.0, 5.0]], [0.25])
    nothing = Drawn(tf.zeros([0], tf.int64), tf.zeros([0, 2]), tf.zeros([0]))
    loss = sampled_softmax(tf.zeros([0, 2]), nothing, candidates, tf.constant([1]))
    assert float(loss) == 0.0


def test_a_positive_among_the_candidates_is_no_negative() -> None:
    queries, vectors = tf.constant([[1.0], [2.0]]), [[1.0], [3.0]]
    candidates, times = drawn([4, 9], vectors, [1.0, 1.0]), tf.constant([2, 1])
    alone = sampled_softmax(
        queries[:1], drawn([4], [[1.0]], [1.0]), drawn([4], [[1.0]], [1.0]), times[:1]
    )
    assert float(alone) == 0.0
    # The first query's item was drawn twice; the second query must beat it twice.
    both = sampled_softmax(queries, drawn([4, 9], vectors, [1.0, 1.0]), candidates, times)
    first = math.exp(1.0) / (math.exp(1.0) + math.exp(3.0))
    second = math.exp(6.0) / (2 * math.exp(2.0) + math.exp(6.0))
    assert float(both) == pytest.approx(-math.log(first) - math.log(second), rel=1e-6)


def test_value_and_gradients_are_those_of_tensorflow_recommenders() -> None:
    rng = np.random.default_rng(0)
    queries = tf.Variable(rng.normal(size=(20, 8)).astype(np.float32))
    items = tf.Variable(rng.normal(size=(12, 8)).astype(np.float32))
    probability = tf.constant(rng.uniform(0.01, 1.0, 12).astype(np.float32))
    columns = np.concatenate([np.arange(12), rng.integers(0, 12, 20)])  # 20 positives and 12 more
    times = tf.constant(np.bincount(columns).astype(np.int32))
    task = tfrs.tasks.Retrieval(remove_accidental_hits=True)

    def ours() -> tf.Tensor:
        own = columns[:20]
        positives = Drawn(own, tf.gather(items, own), tf.gather(probability, own))
        candidates = Drawn(tf.range(12, dtype=tf.int64), items, probability)
        return sampled_softmax(queries, positives, candidates, times)

    def theirs() -> tf.Tensor:
        return task(
            queries,
            tf.gather(items, columns),
            candidate_sampling_probability=tf.gather(probability, columns),
            candidate_ids=tf.constant(columns),
            compute_metrics=False,
        )

    found = []
    for loss_of in (ours, theirs):
        with tf.GradientTape() as tape:
            loss = loss_of()
        gradients = tape.gradient(loss, [queries, items])
        found.append([loss, *map(tf.convert_to_tensor, gradients)])
    for our, their in zip(*found, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-5)


def test_the_full_softmax_is_the_share_of_the_own_item() -> None:
    queries, items = tf.constant([[1.0], [2.0]]), tf.constant([[1.0], [3.0], [5.0]])
    shares = [math.exp(3.0) / sum(map(math.exp, (1.0, 3.0, 5.0)))]
    shares.append(math.exp(2.0) / sum(map(math.exp, (2.0, 6.0, 10.0))))
    loss = full_softmax(queries, items, tf.constant([1, 0], tf.int64))
    assert float(loss) == pytest.approx(-sum(map(math.log, shares)), rel=1e-6)
