"""Adam whose step costs as much as the batch, however large the embedding tables are."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf


class LazyAdam(tf.keras.optimizers.Adam):
    """Adam (Kingma and Ba, ICLR 2015) that leaves rows alone which a step does not look up.

    Keras' own Adam lets the moments of all rows decay in each step and moves all of them, which
    takes longer with every item of the catalogue. Here a row's moments decay when it is next looked
    up; dense variables are treated as there.

    Attributes:
        gradient_norm: Length of the last step's gradient, over all variables and replicas.
    """

    def __init__(self, learning_rate: float) -> None:
        """Takes the learning rate; under a strategy, in its scope."""
        super().__init__(learning_rate)
        self.gradient_norm = tf.Variable(0.0, trainable=False, name="gradient_norm")

    def _deduplicate_sparse_grad(
        self, grads: Iterable[tf.Tensor | tf.IndexedSlices]
    ) -> list[tf.Tensor | tf.IndexedSlices]:
        """Sums equal rows, as Keras does before each update, and keeps the length of the whole.

        The replicas' gradients are summed by then.
        """
        summed: list[tf.Tensor | tf.IndexedSlices] = super()._deduplicate_sparse_grad(grads)
        self.gradient_norm.assign(tf.linalg.global_norm(summed))
        return summed

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        """Moves a variable by its gradient; the rows of a sparse one must differ from each other.

        Keras sums the gradients of equal rows up before.
        """
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable)
            return
        step = tf.cast(self.iterations + 1, variable.dtype)
        decayed_1, decayed_2 = (
            1.0 - tf.pow(tf.cast(beta, variable.dtype), step) for beta in (self.beta_1, self.beta_2)
        )
        place = self._index_dict[self._var_key(variable)]
        m, v = self._momentums[place], self._velocities[place]
        rows, values = gradient.indices, gradient.values
        mean = _moved(m, rows, values, self.beta_1)
        square = _moved(v, rows, tf.square(values), self.beta_2)
        rate = tf.cast(self.learning_rate, variable.dtype) * tf.sqrt(decayed_2) / decayed_1
        change = -rate * mean / (tf.sqrt(square) + self.epsilon)
        variable.scatter_add(tf.IndexedSlices(change, rows))


def _moved(moment: tf.Variable, rows: tf.Tensor, towards: tf.Tensor, beta: float) -> tf.Tensor:
    """Moves some rows of a moment towards new values; returns them."""
    moved = beta * tf.gather(moment, rows) + (1.0 - beta) * towards
    moment.scatter_update(tf.IndexedSlices(moved, rows))
    return moved
