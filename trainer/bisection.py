"""Ids found among others that are in order."""

from __future__ import annotations

import tensorflow as tf


def find(ids: tf.Tensor, ordered: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where ids stand among others, by bisection.

    Args:
        ids: [..., N].
        ordered: In ascending order, at least one in each row [..., M].

    Returns:
        The first place of each id, int32 [..., N], some place where it stands nowhere; and whether
        it does, bool [..., N].
    """
    place = tf.minimum(tf.searchsorted(ordered, ids), tf.shape(ordered)[-1] - 1)
    return place, tf.gather(ordered, place, batch_dims=len(ids.shape) - 1) == ids


def is_among(ids: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Whether ids [B, N] stand among others [B, X] of the same row: bool [B, N].

    By bisection: neither a table over the catalogue nor a comparison of each pair is made.
    """
    _, found = find(ids, tf.sort(tf.pad(others, [[0, 0], [0, 1]]), axis=1))
    return found
