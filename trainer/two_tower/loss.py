"""The losses of the retriever: a softmax over sampled candidates, or over the whole catalogue."""

from __future__ import annotations

import tensorflow as tf


def sampled_softmax(
    queries: tf.Tensor, items: tf.Tensor, probability: tf.Tensor, times: tf.Tensor, own: tf.Tensor
) -> tf.Tensor:
    """Sum over queries of -log(share of the own positive among the candidates).

    A candidate's logit is q . c - log(probability), which corrects for how often it is drawn
    (Bengio and Senecal, 2008; Yi et al., RecSys 2019). Candidates that are the same item as the
    query's positive are left out of that query's sum, but for one. It is the loss of
    `tfrs.tasks.Retrieval`, whose columns are the candidates: popular items are drawn again and
    again, and most of a step is spent on that matrix. Here an item is one column, with the
    logarithm of how often it was drawn in its logit, which adds up to the same.

    Args:
        queries: [N, D].
        items: Vectors of the candidates, each item once [U, D].
        probability: Of each item to be drawn, in (0, 1] [U].
        times: How often each was drawn, at least once [U].
        own: Which of the items is the positive of each query, int32 [N].

    Returns:
        float32 [].
    """
    drawn = tf.math.log(tf.cast(times, queries.dtype))
    # One sum over the columns first: a pass over the matrix costs more.
    logits = tf.matmul(queries, items, transpose_b=True) + (drawn - tf.math.log(probability))
    place = tf.stack([tf.range(tf.shape(own)[0]), own], axis=1)
    logits = tf.tensor_scatter_nd_sub(logits, place, tf.gather(drawn, own))
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
