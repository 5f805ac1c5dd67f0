"""Tests of what is watched in a training: what is recorded, and what stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.conftest import VOCABULARY
from tests.trainer.jobs import job
from trainer.catalogue import Catalogue
from trainer.encoders import ItemEncoder
from trainer.lazy_adam import LazyAdam
from trainer.monitors import TrainingMonitor
from trainer.stall import NotFiniteError

STEPS = 12
RATE = 0.125


class Rows(tfrs.models.Model):
    """A table of item rows of four numbers whose gradients are `slope`."""

    def __init__(self, catalogue: Catalogue, slope: float) -> None:
        super().__init__()
        self.items = ItemEncoder((), VOCABULARY, catalogue, 4)
        self.slope = tf.Variable(slope, trainable=False)
        self.items(tf.constant([2], tf.int64))
        self.compile(optimizer=LazyAdam(RATE))

    def compute_loss(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.slope * tf.reduce_sum(self.items(inputs))


def fitted(
    catalogue: Catalogue, folder: Path, slope: float = 1.0, *more: tf.keras.callbacks.Callback
) -> tuple[Rows, Any]:
    """Fits two epochs with the rows of items 2, 3 and 3; returns the model and its history."""
    model = Rows(catalogue, slope)
    monitor = TrainingMonitor(job(folder), model.items, tf.distribute.get_strategy(), "training")
    rows = tf.data.Dataset.from_tensors(tf.constant([2, 3, 3], tf.int64)).repeat()
    history = model.fit(
        rows, epochs=2, steps_per_epoch=STEPS, callbacks=[monitor, *more], verbose=0
    ).history
    return model, history


def test_norms_and_rate_are_in_the_history_and_in_the_log(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    model, history = fitted(catalogue, tmp_path)
    # The row of item 2 has the gradient (1, 1, 1, 1), that of item 3 twice as much.
    assert history["gradient_norm"] == pytest.approx([20**0.5] * 2)
    assert history["largest_gradient_norm"] == pytest.approx([20**0.5] * 2)
    lengths = np.linalg.norm(model.items.variables[0].numpy(), axis=1)
    assert history["item_norm"][-1] == pytest.approx(lengths.mean(), rel=1e-5)
    assert history["largest_item_norm"][-1] == pytest.approx(lengths.max(), rel=1e-5)
    assert history["learning_rate"] == [RATE] * 2
    log = EventAccumulator(str(tmp_path / "run" / "tensorboard" / "training"))
    log.Reload()
    assert {*history} <= {*log.Tags()["tensors"]}
    steps = [event.step for event in log.Tensors("loss")]
    assert steps == [1, 11, STEPS, STEPS + 1, STEPS + 11, 2 * STEPS]
    last = tf.make_ndarray(log.Tensors("loss")[-1].tensor_proto)
    assert float(last) == pytest.approx(history["loss"][-1])


def test_a_gradient_that_dwarfs_the_others_is_named(
    catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted(catalogue, tmp_path / "even")
    assert "Warning" not in capsys.readouterr().err

    class Calm(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.slope.assign(1.0)

    fitted(catalogue, tmp_path / "uneven", 1e6, Calm())
    told = capsys.readouterr().err
    assert "in epoch 1 of the retriever a gradient had a norm of 4.47e+06, usually they" in told
    assert "in epoch 2" not in told


def test_numbers_that_are_not_finite_stop_a_training(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(NotFiniteError, match=r"Received: loss nan, gradient_norm nan of the retr"):
        fitted(catalogue, tmp_path, slope=float("nan"))
    with pytest.raises(NotFiniteError, match="gradient_norm inf of the retriever by step 1, at a"):
        fitted(catalogue, tmp_path, slope=3e38)


def test_a_broken_row_of_the_item_table_stops_a_training(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    model = Rows(catalogue, 1.0)
    monitor = TrainingMonitor(job(tmp_path), model.items, tf.distribute.get_strategy(), "training")
    monitor.set_model(model)
    monitor.on_epoch_end(0, {"loss": 1.0})
    model.items.variables[0][5, 0].assign(float("inf"))  # no step looked it up
    with pytest.raises(NotFiniteError, match="largest_item_norm inf"):
        monitor.on_epoch_end(1, {"loss": 1.0})


def test_only_the_chief_writes_a_log(catalogue: Catalogue, tmp_path: Path) -> None:
    class Second:
        class cluster_resolver:  # noqa: N801 (as TensorFlow calls it)
            task_id = 1

    monitor = TrainingMonitor(job(tmp_path), Rows(catalogue, 1.0).items, Second(), "training")
    monitor.on_train_begin()
    monitor.on_train_end()
    assert not (tmp_path / "run").exists()
