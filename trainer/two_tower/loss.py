"""The losses of the retriever: a softmax over sampled candidates, or over the whole catalogue."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from trainer.bisection import find

_EXCLUDED = -1e9  # a logit that has no share


class Drawn(NamedTuple):
    """Items, with how likely each is to be a candidate.

    Attributes:
        ids: int64 [N].
        vectors: float32 [N, D].
        probability: Of the item to be drawn, in (0, 1], float32 [N].
    """

    ids: tf.Tensor
    vectors: tf.Tensor
    probability: tf.Tensor


def sampled_softmax(
    queries: tf.Tensor, positives: Drawn, candidates: Drawn, times: tf.Tensor
) -> tf.Tensor:
    """Sum over queries of -log(share of the own positive beside the candidates).

    The logit of an item c is q . c - log(probability), which corrects for how often it is drawn
    (Bengio and Senecal, 2008; Yi et al., RecSys 2019). A candidate that is the query's positive
    is left out of that query's sum. It is the loss of `tfrs.tasks.Retrieval`, whose columns are the
    candidates: popular items are drawn again and again, and most of a step is spent on that matrix.
    Here an item is one column, with the logarithm of how often it was drawn in its logit, which
    adds up to the same; and positives need not be candidates.

    Args:
        queries: [N, D].
        positives: One of each query [N].
        candidates: Each item once, by ascending id [U].
        times: How often each candidate was drawn, at least once [U].

    Returns:
        float32 [].
    """
    # One sum over the columns first: a pass over the matrix costs more.
    correction = tf.math.log(tf.cast(times, queries.dtype) / candidates.probability)
    logits = tf.matmul(queries, candidates.vectors, transpose_b=True) + correction
    column, hit = find(positives.ids, candidates.ids)
    place = tf.stack([tf.range(tf.shape(queries)[0]), column], axis=1)
    logits = tf.tensor_scatter_nd_add(logits, place, tf.where(hit, _EXCLUDED, 0.0))
    own = _dot(queries, positives.vectors) - tf.math.log(positives.probability)
    # -log(e^own / (e^own + others)), with no pass over the matrix for one column more.
    return tf.reduce_sum(tf.nn.softplus(tf.reduce_logsumexp(logits, axis=1) - own))


def full_softmax(queries: tf.Tensor, items: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
    """Sum over queries of -log(share of the own positive among all items): the exact softmax.

    Args:
        queries: [N, D].
        items: [M, D].
        own: Which of the items is the positive of each query, int64 [N].

    Returns:
        float32 [].
    """
    logits = tf.matmul(queries, items, transpose_b=True)
    # TensorFlow's fused cross-entropy takes a third longer on CPUs.
    return tf.reduce_sum(tf.reduce_logsumexp(logits, axis=1) - _dot(queries, tf.gather(items, own)))


def _dot(queries: tf.Tensor, items: tf.Tensor) -> tf.Tensor:
    """Each query with its own item: [N, D] and [N, D] -> [N]."""
    return tf.reduce_sum(queries * items, axis=1)
