"""Candidates of the sampled softmax: the batch's own items and uniform ones, with their logQ."""

from __future__ import annotations

import tensorflow as tf

from transform.preprocessing import FIRST_ID


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
    seeds = tf.stack([tf.constant(seed, tf.int64), step])
    return tf.random.stateless_uniform([count], seeds, FIRST_ID, items, dtype=tf.int64)


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
