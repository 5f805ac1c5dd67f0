"""Tests of the learning rate by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.lazy_adam import LazyAdam
from trainer.schedule import LearningRateSchedule, learning_rate, scheduled
from trainer.settings import TrainingSettings

PEAK = 0.4
SETTINGS = TrainingSettings(learning_rate=PEAK, warm_up=0.4, final_learning_rate=0.5)


def rates(settings: TrainingSettings, steps: int) -> list[float]:
    return [learning_rate(settings, step, steps) for step in range(steps)]


def test_the_rate_rises_in_a_line_then_falls_along_half_a_cosine() -> None:
    # Ten steps, four of them upwards; cos(pi / 5) and so on between peak and half of it.
    rising = [0.1, 0.2, 0.3, 0.4]
    falling = [0.3 + 0.1 * np.cos(np.pi * step / 5) for step in range(6)]
    assert rates(SETTINGS, 10) == pytest.approx(rising + falling)
    assert rates(SETTINGS, 10)[-1] == pytest.approx(0.5 * PEAK)


def test_fewer_steps_go_the_whole_way() -> None:
    assert rates(SETTINGS, 5) == pytest.approx([0.2, 0.4, 0.4, 0.3, 0.2])
    assert rates(SETTINGS, 1) == pytest.approx([PEAK])


def test_after_the_last_step_the_rate_stays() -> None:
    assert learning_rate(SETTINGS, 1000, 10) == pytest.approx(0.5 * PEAK)


def test_unless_asked_for_the_rate_is_the_same_in_every_step() -> None:
    constant = TrainingSettings(learning_rate=PEAK)
    assert set(rates(constant, 7)) == {PEAK}
    assert scheduled(constant, 7) == []


class Slope(tfrs.models.Model):
    """A number and a table whose gradients are always 1, so that Adam moves them by its rate."""

    def __init__(self) -> None:
        super().__init__()
        self.number = tf.Variable(0.0)
        self.table = tf.Variable([[0.0], [0.0]])
        self.compile(optimizer=LazyAdam(PEAK))

    def compute_loss(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.number + tf.reduce_sum(tf.gather(self.table, inputs))

    def train(self, schedule: Any, first: int, epochs: int) -> None:
        rows = tf.data.Dataset.from_tensors(tf.constant([0])).repeat()
        self.fit(
            rows,
            initial_epoch=first,
            epochs=epochs,
            steps_per_epoch=5,
            callbacks=[schedule],
            verbose=0,
        )


def test_each_step_of_a_fit_has_its_rate_also_where_it_is_resumed() -> None:
    model = Slope()
    for first in (0, 1):  # the second fit goes on as a worker does that was started again
        model.train(LearningRateSchedule(SETTINGS, steps=10), first, first + 1)
        moved = sum(rates(SETTINGS, 10)[: 5 * (first + 1)])
        assert -model.number.numpy() == pytest.approx(moved, rel=1e-5)
        np.testing.assert_allclose(-model.table.numpy(), [[moved], [0.0]], rtol=1e-5)
