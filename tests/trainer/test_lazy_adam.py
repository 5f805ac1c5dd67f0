"""Tests of Adam for embedding tables."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from trainer.lazy_adam import LazyAdam

STEPS = 3


def trained(optimizer: tf.keras.optimizers.Optimizer, looked_up: list[list[int]]) -> np.ndarray:
    """A table of three rows after a step for each list of rows."""
    table = tf.Variable([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.0]])
    for rows in looked_up:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(tf.gather(table, rows) - 0.25))
        optimizer.apply_gradients([(tape.gradient(loss, table), table)])
    return table.numpy()


@pytest.mark.parametrize("rows", [[0, 1, 2], [2, 0, 0, 1]])
def test_where_every_row_is_looked_up_it_is_adam(rows: list[int]) -> None:
    ours = trained(LazyAdam(0.1), [rows] * STEPS)
    np.testing.assert_allclose(
        ours, trained(tf.keras.optimizers.Adam(0.1), [rows] * STEPS), rtol=1e-5
    )


def test_dense_variables_move_as_with_adam() -> None:
    moved = []
    for optimizer in (LazyAdam(0.1), tf.keras.optimizers.Adam(0.1)):
        variable = tf.Variable([1.0, -2.0])
        for _ in range(STEPS):
            optimizer.apply_gradients([(2.0 * variable, variable)])
        moved.append(variable.numpy())
    np.testing.assert_array_equal(*moved)


def test_a_row_that_is_not_looked_up_stays_where_it_is() -> None:
    first = trained(LazyAdam(0.1), [[0, 1]])
    later = trained(LazyAdam(0.1), [[0, 1], [0], [0]])
    np.testing.assert_array_equal(later[1], first[1])
    assert (later[0] != first[0]).all()
    # Keras' Adam moves it on: that is what costs a pass over the table.
    adam = [trained(tf.keras.optimizers.Adam(0.1), r) for r in ([[0, 1]], [[0, 1], [0], [0]])]
    assert (adam[0][1] != adam[1][1]).all()


def test_the_length_of_the_gradient_is_kept() -> None:
    table, number = tf.Variable([[1.0], [2.0], [3.0]]), tf.Variable(1.0)
    # Row 0 is looked up twice: its gradient is 1 + 3, not two gradients of 1 and 3.
    rows = tf.IndexedSlices(tf.constant([[1.0], [3.0], [2.0]]), tf.constant([0, 0, 2]), [3, 1])
    optimizer = LazyAdam(0.1)
    optimizer.apply_gradients([(rows, table), (tf.constant(5.0), number)])
    assert optimizer.gradient_norm.numpy() == pytest.approx((4.0**2 + 2.0**2 + 5.0**2) ** 0.5)
