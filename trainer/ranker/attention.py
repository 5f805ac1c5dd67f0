"""Target attention: what a history says about one candidate (DIN, KDD 2018)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.sequences import GAP_BUCKETS


class TargetAttention(tf.keras.layers.Layer):
    """Attention of each candidate over the history.

    Candidates do not attend to each other, so a candidate's result depends on the request alone.
    """

    def __init__(
        self,
        dimension: int,
        length: int,
        event_types: int,
        dropout: float,
        policy: str,
        **kwargs: Any,
    ) -> None:
        """`length` is L, `event_types` the rows of their table, `policy` that of dense layers."""
        super().__init__(**kwargs)
        self._positions = tf.keras.layers.Embedding(length, dimension)
        self._event_types = tf.keras.layers.Embedding(event_types, dimension)
        self._gaps = tf.keras.layers.Embedding(GAP_BUCKETS, dimension)
        self._attention = tf.keras.layers.MultiHeadAttention(
            2, dimension, dropout=dropout, dtype=policy
        )

    def call(
        self,
        candidates: tf.Tensor,
        item_vectors: tf.Tensor,
        history: dict[str, tf.Tensor],
        training: bool = False,
    ) -> tf.Tensor:
        """Attends.

        Args:
            candidates: float32 [B, C, D].
            item_vectors: Vectors of the history's items, float32 [B, L, D].
            history: `items`, `event_types`, `gaps`: int64 [B, L], padded with 0 on the left.
            training: Whether dropout is on.

        Returns:
            float32 [B, C, D]; zero where there is no history.
        """
        present = history["items"] > 0
        length = tf.shape(item_vectors)[1]
        events = item_vectors + self._positions(tf.range(length))[tf.newaxis]
        events += self._event_types(history["event_types"]) + self._gaps(history["gaps"])
        attended = self._attention(
            candidates, events, attention_mask=present[:, tf.newaxis, :], training=training
        )
        known = tf.cast(tf.reduce_any(present, axis=1), tf.float32)
        return tf.cast(attended, known.dtype) * known[:, tf.newaxis, tf.newaxis]
