"""The losses of the retriever: a softmax over sampled candidates, or over the whole catalogue."""

from __future__ import annotations

import tensorflow as tf


def sampled_softmax(
    queries: tf.Tensor, candidates: tf.Tensor, probability: tf.Tensor, ids: tf.Tensor
) -> tf.Tensor:
    """Sum over queries of -log(share of the own positive among the candidates).

    A candidate's logit is q . c - log(probability), which corrects for how often it is drawn
    (Bengio and Senecal, 2008; Yi et al., RecSys 2019). A candidate that is the same item as the
    query's positive is left out of that query's sum. What `tfrs.tasks.Retrieval` computes, without
    its dense one-hot labels: most of a step's memory traffic.

    Args:
        queries: [N, D].
        candidates: [M, D]; candidate i < N is the positive of query i.
        probability: Of each candidate to be drawn, in (0, 1] [M].
        ids: Items of the candidates, int64 [M].

    Returns:
        float32 [].
    """
    count = tf.shape(queries)[0]
    logits = tf.matmul(queries, candidates, transpose_b=True) - tf.math.log(probability)
    is_positive = ids[:count, tf.newaxis] == ids[tf.newaxis]
    is_hit = tf.linalg.set_diag(is_positive, tf.zeros([count], tf.bool))
    logits = tf.where(is_hit, logits.dtype.min, logits)
    own = tf.range(count)
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(own, logits))


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
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(own, logits))
