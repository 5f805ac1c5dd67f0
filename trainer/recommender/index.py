"""The index: from query vectors to the nearest items that may be shown."""

from __future__ import annotations

from typing import Protocol

import tensorflow as tf

from trainer.recommender.limits import Limits, RuledOut, in_time

Found = tuple[tf.Tensor, tf.Tensor]


class Search(Protocol):
    """One batch of queries against an index."""

    def best(self, ruled_out: RuledOut, count: tf.Tensor) -> Found:
        """The nearest items that may be shown.

        Args:
            ruled_out: What each request rules out.
            count: How many, int32 [], at most the number of item ids.

        Returns:
            Ids int64 [B, count], nearest first, and bool [B, count]: whether the place holds an
            item. It does wherever the catalogue has an item left.
        """

    def log_normaliser(self, scale: tf.Tensor) -> tf.Tensor:
        """Logarithm of the sum of exp(scale * query . item) over the listed items, float32 [B, 1].

        With it a score becomes comparable between requests: the logarithm of a softmax.
        """


class Index(Protocol):
    """Item vectors, laid out for the search."""

    def search(self, queries: tf.Tensor) -> Search:
        """Begins the search for a batch of query vectors, float32 [B, D]."""


class ExactIndex(tf.Module):
    """Scores every item."""

    def __init__(self, vectors: tf.Variable, limits: Limits) -> None:
        """Takes the item vectors, float32 [V, D], and what may be shown."""
        super().__init__()
        self.vectors, self.limits = vectors, limits

    def search(self, queries: tf.Tensor) -> ExactSearch:
        """Scores all items for each query."""
        return ExactSearch(tf.matmul(queries, self.vectors, transpose_b=True), self.limits)


class ExactSearch:
    """The scores of all items."""

    def __init__(self, scores: tf.Tensor, limits: Limits) -> None:
        """Takes the scores, float32 [B, V], and what may be shown."""
        self._limits = limits
        self._scores = tf.where(limits.listed, scores, -float("inf"))

    def best(self, ruled_out: RuledOut, count: tf.Tensor) -> Found:
        """See `Search`."""
        ids = tf.cast(ruled_out.ids, tf.int32)
        row = tf.broadcast_to(tf.range(tf.shape(ids)[0])[:, tf.newaxis], tf.shape(ids))
        places = tf.stack([row, ids], axis=-1)
        nothing = tf.fill(tf.shape(ids), -float("inf"))
        scores = tf.tensor_scatter_nd_update(self._scores, places, nothing)
        if self._limits.timed and ruled_out.time is not None:
            available = in_time(self._limits.available[tf.newaxis], ruled_out.time)
            scores = tf.where(available, scores, -float("inf"))
        values, best = tf.math.top_k(scores, count)
        return tf.cast(best, tf.int64), tf.math.is_finite(values)

    def log_normaliser(self, scale: tf.Tensor) -> tf.Tensor:
        """See `Search`."""
        return tf.reduce_logsumexp(scale * self._scores, axis=1, keepdims=True)
