"""What the replicas of a training share within a step."""

from __future__ import annotations

import tensorflow as tf


def gather_across_replicas(values: tf.Tensor) -> tf.Tensor:
    """Concatenates the replicas' tensors.

    Args:
        values: [N, ...], the same shape in every replica.

    Returns:
        [R * N, ...].
    """
    context = tf.distribute.get_replica_context()
    replicas = context.num_replicas_in_sync
    if replicas == 1:
        return values
    # all_gather refuses a tensor without a device, which an identity gives it.
    return context.all_gather(tf.identity(values), axis=0)


def sum_across_replicas(value: tf.Tensor) -> tf.Tensor:
    """Sum of a scalar over all replicas."""
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))
