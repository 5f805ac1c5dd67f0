"""Candidates of the sampled softmax: items of the batch and uniform ones, with their logQ."""

from __future__ import annotations

import tensorflow as tf

from transform.preprocessing import FIRST_ID


def in_batch_items(targets: tf.Tensor, most: int, seed: int, step: tf.Tensor) -> tf.Tensor:
    """What the queries of the global batch ask for, or an even share of it.

    Of more than `most` targets, every k-th by id is taken from a random start, each as likely as
    any other; which ones does not hang on the order of the targets, so the same ones are drawn
    however many replicas the batch is divided among.

    Args:
        targets: Item ids of all replicas, int64 [N].
        most: How many at most.
        seed: Seed of the training.
        step: The optimizer's step, int64 [].

    Returns:
        int64 [min(N, most)], ascending.
    """
    total = tf.size(targets, tf.int64)
    taken = tf.minimum(total, most)
    seeds = _seeds(seed + 1, step)  # other numbers than those of the uniform items
    start = tf.random.stateless_uniform([], seeds, 0, tf.maximum(total, 1), dtype=tf.int64)
    return tf.gather(tf.sort(targets), (tf.range(taken) * total + start) // taken)


def uniform_items(count: int, items: int, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Item ids drawn uniformly: the same ones in every replica of a step.

    Args:
        count: How many.
        items: Rows of the item table.
        seed: Seed of the training.
        step: The optimizer's step, int64 [].

    Returns:
        int64 [count].
    """
    return tf.random.stateless_uniform([count], _seeds(seed, step), FIRST_ID, items, dtype=tf.int64)


def sampling_probability(
    frequency: tf.Tensor, in_batch: tf.Tensor, uniform: int, items: int
) -> tf.Tensor:
    """Share of the candidate columns that an item is expected to fill (mixed negative sampling).

    An item enters as some query's positive with its training frequency, and uniformly beside
    that (Yang et al., WWW 2020). The logQ correction takes the logarithm of this.

    Args:
        frequency: Share of training events of the candidates' items, float32 [N].
        in_batch: Number of in-batch candidates over all replicas, int32 [].
        uniform: Number of uniform candidates.
        items: Rows of the item table.

    Returns:
        float32 [N], in (0, 1].
    """
    drawn = tf.cast(in_batch, tf.float32)
    expected = drawn * frequency + uniform / (items - FIRST_ID)
    return expected / (drawn + uniform)


def _seeds(seed: int, step: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(seed, tf.int64), step])
