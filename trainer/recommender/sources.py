"""Candidate sources, and the merge that remembers which items may be shown."""

from __future__ import annotations

import tensorflow as tf

RECENT_EVENTS = 20  # events of the history that vote for their followers


def co_view_votes(
    history: tf.Tensor, followers: tf.Tensor, weights: tf.Tensor, decay: float
) -> tf.Tensor:
    """Votes of the recent history for what followed its items elsewhere (sequential rules).

    Args:
        history: Item ids, int64 [B, L], padded with 0 on the left.
        followers: See `CoView`, int64 [V, M].
        weights: float32 [V, M].
        decay: Weight of an event relative to the one after it.

    Returns:
        float32 [B, V].
    """
    recent = history[:, -RECENT_EVENTS:]
    count = tf.shape(recent)[1]
    age = tf.cast(tf.range(count - 1, -1, -1), tf.float32)
    vote = tf.gather(weights, recent) * tf.pow(decay, age)[tf.newaxis, :, tf.newaxis]
    target = tf.gather(followers, recent)
    rows, items = tf.shape(history)[0], tf.shape(followers)[0]
    row = tf.broadcast_to(tf.range(rows)[:, tf.newaxis, tf.newaxis], tf.shape(target))
    index = tf.stack([tf.reshape(row, [-1]), tf.reshape(tf.cast(target, tf.int32), [-1])], axis=1)
    return tf.scatter_nd(index, tf.reshape(vote, [-1]), tf.stack([rows, items]))


def mark(ids: tf.Tensor, items: tf.Tensor) -> tf.Tensor:
    """Marks ids in a table: int64 [B, N] -> bool [B, items]."""
    rows = tf.shape(ids)[0]
    row = tf.broadcast_to(tf.range(rows)[:, tf.newaxis], tf.shape(ids))
    index = tf.stack([tf.reshape(row, [-1]), tf.reshape(tf.cast(ids, tf.int32), [-1])], axis=1)
    ones = tf.ones([tf.size(ids)], tf.int32)
    return tf.scatter_nd(index, ones, tf.stack([rows, items])) > 0


def best(scores: tf.Tensor, allowed: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The best allowed items of each row.

    Args:
        scores: float32 [B, V].
        allowed: bool [B, V].
        count: How many, int32 [], at most V.

    Returns:
        Ids int64 [B, count], and bool [B, count]: whether the place holds an allowed item.
    """
    values, ids = tf.math.top_k(tf.where(allowed, scores, -float("inf")), count)
    return tf.cast(ids, tf.int64), tf.math.is_finite(values)
