"""What is watched while a model trains: loss, gradient, item table and learning rate."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer.encoders import ItemEncoder
from trainer.fitting import is_chief
from trainer.job import Job
from trainer.stall import NotFiniteError

_EVERY = 10  # steps from one look to the next
_SPIKE = 1e3  # a gradient so many times the usual one is worth a word
_FOLDER = "tensorboard"


class TrainingMonitor(tf.keras.callbacks.Callback):
    """Adds norms to the history, logs for TensorBoard, and stops what is no longer finite.

    A gradient that dwarfs the others is named: Adam divides by its memory of it for thousands of
    steps, in which the weights that it moved hardly learn. It looks at every tenth step, and at the
    end of each epoch. All workers see the same numbers, so all stop together; the chief writes the
    log.
    """

    def __init__(
        self, job: Job, items: ItemEncoder, strategy: tf.distribute.Strategy, phase: str
    ) -> None:
        """Watches a fit of the job's model, whose items are `items`; its log is called `phase`."""
        super().__init__()
        self._supports_tf_logs = True  # or Keras fetches the values of every step
        self._trained = job.model
        self._items = items
        self._folder = Path(job.run_dir) / _FOLDER / phase
        self._is_chief = is_chief(strategy)
        self._writer = tf.summary.create_noop_writer()
        self._norms: list[float] = []

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Opens the log."""
        if self._is_chief:
            self._writer = tf.summary.create_file_writer(str(self._folder))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Forgets the norms of the epoch before."""
        self._norms = []

    def on_train_batch_end(self, batch: int, logs: Mapping[str, tf.Tensor]) -> None:
        """Looks at loss and gradient."""
        if batch % _EVERY == 0:
            self._norms.append(self._gradient_norm())
            self._look(
                {
                    "loss": float(logs["loss"]),
                    "gradient_norm": self._norms[-1],
                    "learning_rate": self._learning_rate(),
                }
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Adds to the history, and looks at the item table too."""
        rows, norms = self._items.id_norms(), [*self._norms, self._gradient_norm()]
        logs["gradient_norm"] = float(np.mean(norms))
        logs["largest_gradient_norm"] = float(np.max(norms))
        logs["item_norm"] = float(rows.mean())
        logs["largest_item_norm"] = float(rows.max())
        logs["learning_rate"] = self._learning_rate()
        self._look(logs)
        usual, largest = float(np.median(norms)), logs["largest_gradient_norm"]
        if self._is_chief and largest > _SPIKE * usual:
            sys.stderr.write(
                f"Warning: in epoch {epoch + 1} of the {self._trained} a gradient had a norm of "
                f"{largest:.3g}, usually they have {usual:.3g}. What it moved hardly learns for "
                "thousands of steps. Look for values out of all proportion among the features.\n"
            )

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Closes the log."""
        self._writer.close()

    def _gradient_norm(self) -> float:
        return float(self.model.optimizer.gradient_norm.numpy())

    def _learning_rate(self) -> float:
        return float(self.model.optimizer.learning_rate.numpy())

    def _look(self, seen: Mapping[str, float]) -> None:
        step = int(self.model.optimizer.iterations.numpy())
        with self._writer.as_default(step):
            for name, value in seen.items():
                tf.summary.scalar(name, value)
        self._writer.flush()
        if broken := {name: value for name, value in seen.items() if not math.isfinite(value)}:
            told = ", ".join(f"{name} {value}" for name, value in broken.items())
            raise NotFiniteError(
                f"All numbers of a training must be finite. Received: {told} of the "
                f"{self._trained} by step {step}, at a learning rate of {self._learning_rate():g}. "
                "Look for values that are not finite among the features; else lower "
                "learning_rate, or give it a warm_up."
            )
