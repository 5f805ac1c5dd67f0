"""The query tower: a causal transformer over the history (SASRec, ICDM 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from trainer.encoders import FeatureEncoder
from trainer.sequences import GAP_BUCKETS
from trainer.settings import RetrieverSettings
from trainer.vocabulary import Vocabulary
from transform.features import Feature


class CausalBlock(tf.keras.layers.Layer):
    """Pre-norm transformer block; a position sees itself and what came before it."""

    def __init__(
        self, dimension: int, heads: int, dropout: float, policy: str, **kwargs: Any
    ) -> None:
        """`dimension` is divided over `heads`; `policy` is that of the dense layers."""
        super().__init__(**kwargs)
        self._attention_norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._attention = tf.keras.layers.MultiHeadAttention(
            heads, dimension // heads, dropout=dropout, dtype=policy
        )
        self._dense_norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._expand = tf.keras.layers.Dense(4 * dimension, activation="gelu", dtype=policy)
        self._contract = tf.keras.layers.Dense(dimension, dtype=policy)
        # In float32 like the norms: Keras casts what it is given, and the sums stay exact.
        self._dropout = tf.keras.layers.Dropout(dropout)

    def call(
        self, x: tf.Tensor, present: tf.Tensor, training: bool = False, *, last: bool = False
    ) -> tf.Tensor:
        """Maps [B, L, D] to [B, L, D], or to [B, 1, D] where only the last position is wanted.

        `present` bool [B, L] is False at positions that nobody may look at.
        """
        mask = present[:, tf.newaxis, :]
        normed = self._attention_norm(x)
        asking = normed[:, -1:] if last else normed
        attended = self._attention(
            asking, normed, attention_mask=mask, use_causal_mask=not last, training=training
        )
        x = x[:, -1:] if last else x
        x += self._dropout(attended, training=training)
        expanded = self._expand(self._dense_norm(x))
        return x + self._dropout(self._contract(expanded), training=training)


class QueryTower(tf.keras.layers.Layer):
    """History and query features to a query vector at every position."""

    def __init__(
        self,
        features: Sequence[Feature],
        vocabulary: Vocabulary,
        settings: RetrieverSettings,
        length: int,
        **kwargs: Any,
    ) -> None:
        """`features` are the query and context features, `length` is L."""
        super().__init__(**kwargs)
        dimension = settings.dimension
        self._scale = dimension**0.5
        self._length = length
        self._positions = tf.keras.layers.Embedding(length, dimension)
        self._event_types = tf.keras.layers.Embedding(vocabulary.event_types, dimension)
        self._gaps = tf.keras.layers.Embedding(GAP_BUCKETS, dimension)
        self._dropout = tf.keras.layers.Dropout(settings.dropout)
        self._blocks = [
            CausalBlock(dimension, settings.heads, settings.dropout, settings.policy)
            for _ in range(settings.layers)
        ]
        self._trained_blocks = (
            tf.function(self._through_blocks, jit_compile=True)
            if settings.xla
            else self._through_blocks
        )
        self._norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._features = FeatureEncoder(features, vocabulary, dimension)

    def call(
        self,
        item_vectors: tf.Tensor,
        history: dict[str, tf.Tensor],
        features: dict[str, Any],
        training: bool = False,
        *,
        last: bool = False,
    ) -> tf.Tensor:
        """Query vectors of unit length.

        Args:
            item_vectors: Vectors of the history's items, float32 [B, L, D].
            history: `items`, `event_types`, `gaps`: int64 [B, L], padded with 0 on the left.
            features: Transformed query and context features of the B rows.
            training: Whether dropout is on.
            last: Whether only the query of the request is wanted, which is that of the last
                position. The topmost block then computes no other.

        Returns:
            float32 [B, L, D], or [B, 1, D].
        """
        length = tf.shape(item_vectors)[1]
        events = history["items"] > 0
        # Positions count from the request backwards, however long the histories of a batch are.
        places = self._positions(tf.range(self._length - length, self._length))
        x = item_vectors * self._scale * tf.cast(events, tf.float32)[..., tf.newaxis]
        x += places + self._event_types(history["event_types"]) + self._gaps(history["gaps"])
        present = _present(events)
        x = self._dropout(x, training=training)
        # Only a training has the same shapes at every step, for which XLA compiles once.
        through_blocks = self._trained_blocks if training else self._through_blocks
        x = through_blocks(x, present, training=training, last=last)
        person = self._features(features, tf.shape(item_vectors)[0])
        return tf.math.l2_normalize(self._norm(x) + person[:, tf.newaxis, :], axis=-1)

    def _through_blocks(
        self, x: tf.Tensor, present: tf.Tensor, *, training: bool, last: bool
    ) -> tf.Tensor:
        *blocks, topmost = self._blocks
        for block in blocks:
            x = block(x, present, training=training)
        return topmost(x, present, training=training, last=last)


def _present(events: tf.Tensor) -> tf.Tensor:
    """Which positions are seen, bool [B, L]: those of events, or the last one where there are none.

    A history without events is so one event of no item. Were it nothing, its query would begin as
    a vector of zeros, through whose norms the first gradients are some 1e10 times too large; Adam
    divides by the memory of them, and the biases would hardly learn for the rest of a training.
    """
    empty = ~tf.reduce_any(events, axis=1, keepdims=True)
    places = tf.range(tf.shape(events)[1])
    return events | (empty & (places == places[-1]))
