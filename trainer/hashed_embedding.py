"""Vectors of more items than a table has rows: each is the mean of two rows that it shares."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from transform.preprocessing import FIRST_ID


class HashedEmbedding(tf.keras.layers.Layer):
    """Compositional embeddings by Chinese-remainder partitions (Shi et al., KDD 2020).

    The first row of an item is its place modulo m, the second its place modulo m - 1. The two
    moduli have no common factor, so items that share one row differ in the other for up to
    m (m - 1) items: each pair of rows, and so each vector, is one item's own. Ids follow frequency,
    and the m - 1 most frequent items share no row with each other. The mean, unlike the sum,
    moves by an optimizer's step as one row of a plain table does.
    """

    def __init__(self, items: int, buckets: int, dimension: int, **kwargs: Any) -> None:
        """Vectors of ids below `items`, out of m = `buckets` and m - 1 rows of `dimension`.

        Raises:
            ValueError: Some items would have both rows in common.
        """
        super().__init__(**kwargs)
        if items - FIRST_ID > buckets * (buckets - 1):
            raise ValueError(
                "hash_buckets m must give each item a pair of rows of its own: m (m - 1) pairs. "
                f"Received: {buckets} for {items - FIRST_ID} items. Choose a larger one, or 0 for "
                "a row of its own for each item."
            )
        self._buckets = buckets
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=[FIRST_ID + 2 * buckets - 1, dimension],
            initializer="uniform",
        )

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        """Vectors: int64 [N] -> float32 [N, D]."""
        return tf.reduce_mean(tf.gather(self.embeddings, self.rows(ids)), axis=1)

    def rows(self, ids: tf.Tensor) -> tf.Tensor:
        """The two rows of each id, [N] -> [N, 2]: of padding and the unknown, twice their own."""
        place = ids - FIRST_ID
        first = FIRST_ID + place % self._buckets
        second = FIRST_ID + self._buckets + place % (self._buckets - 1)
        pair = tf.stack([first, second], axis=1)
        return tf.where(ids[:, tf.newaxis] < FIRST_ID, ids[:, tf.newaxis], pair)
