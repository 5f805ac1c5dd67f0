"""Diversification: maximal marginal relevance over the ranked candidates."""

from __future__ import annotations

import tensorflow as tf

_FURTHEST = -1.0  # the lowest cosine: as near as anything is to an empty list


def diversified(
    probability: tf.Tensor, vectors: tf.Tensor, count: tf.Tensor, strength: float
) -> tf.Tensor:
    """Fills a list greedily by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

    Each place goes to the candidate with the largest

        (1 - strength) * p / best - strength * nearest,

    where `best` is the highest probability of its request, and `nearest` the candidate's largest
    cosine to an item already in the list. Relative to the best, because probabilities of requests
    differ by orders of magnitude, and one strength must mean the same in all of them. Ties go to
    the more probable candidate, then to the earlier one, so the first place is always the best.

    No place depends on how many follow: a list is the beginning of every longer one.

    Args:
        probability: float32 [B, C]; below 0 where there is no candidate. Such places come last.
        vectors: Unit vectors of the candidates, float32 [B, C, D].
        count: Length of the lists K, int32 [], at least 1 and at most C.
        strength: Above 0, at most 1.

    Returns:
        Places of the candidates shown, int32 [B, K], each at most once.
    """
    candidates = tf.shape(probability)[1]
    ranked, order = tf.math.top_k(probability, candidates)
    vectors = tf.gather(vectors, order, batch_dims=1)
    relative = tf.math.divide_no_nan(ranked, ranked[:, :1])
    # The lowest finite number stays below every candidate; what is taken falls below that.
    gain = tf.where(ranked >= 0.0, (1.0 - strength) * relative, tf.float32.min)

    def fill(
        place: tf.Tensor, gain: tf.Tensor, nearest: tf.Tensor, shown: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.TensorArray]:
        # Unlike argmax, top_k promises the lower index at a tie.
        pick = tf.math.top_k(gain - strength * nearest, 1).indices[:, 0]
        taken = tf.one_hot(pick, candidates, on_value=True, off_value=False)
        cosine = tf.linalg.matvec(vectors, tf.gather(vectors, pick, batch_dims=1))
        gain = tf.where(taken, -float("inf"), gain)
        return place + 1, gain, tf.maximum(nearest, cosine), shown.write(place, pick)

    shown = tf.TensorArray(tf.int32, size=count, element_shape=[None])
    nearest = tf.fill(tf.shape(gain), _FURTHEST)
    *_, shown = tf.while_loop(lambda place, *_: place < count, fill, (0, gain, nearest, shown))
    return tf.gather(order, tf.transpose(shown.stack()), batch_dims=1)
