"""The learning rate of each step: a linear warm-up, then half a cosine."""

from __future__ import annotations

import math

import tensorflow as tf

from trainer.settings import TrainingSettings


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """Learning rate of a step.

    It rises linearly to its peak (Goyal et al., 2017, arXiv:1706.02677), then falls along half a
    cosine (Loshchilov and Hutter, ICLR 2017, without restarts), and stays where it ends.

    Args:
        settings: Peak, length of the warm-up, and where it ends.
        step: Steps before this one.
        steps: Steps of the whole training.
    """
    rising = round(settings.warm_up * steps)
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    passed = min(1.0, (step - rising) / max(1, steps - 1 - rising))
    above = 0.5 * (1.0 + math.cos(math.pi * passed))
    final = settings.final_learning_rate
    return settings.learning_rate * (final + (1.0 - final) * above)


def scheduled(settings: TrainingSettings, steps: int) -> list[tf.keras.callbacks.Callback]:
    """The callback that sets the learning rate of each step; none where it stays the same."""
    changes = settings.warm_up > 0.0 or settings.final_learning_rate < 1.0
    return [LearningRateSchedule(settings, steps)] if changes else []


class LearningRateSchedule(tf.keras.callbacks.Callback):
    """Gives the optimizer the learning rate of each step.

    The optimizer counts the steps: so a training that is resumed goes on where it was, and all
    workers have the same rate.
    """

    def __init__(self, settings: TrainingSettings, steps: int) -> None:
        """`steps` are those of the whole training, were it not to stop early."""
        super().__init__()
        self._supports_tf_logs = True  # or Keras fetches every step's values for it
        self._settings = settings
        self._steps = steps
        self._step = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Asks how far the training is; within an epoch it is counted without waiting for it."""
        self._step = int(self.model.optimizer.iterations.numpy())

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Sets the rate of the step that comes."""
        rate = learning_rate(self._settings, self._step, self._steps)
        self.model.optimizer.learning_rate.assign(rate)
        self._step += 1
