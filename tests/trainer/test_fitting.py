"""Tests of the training loop: what a model learns from the rows, and then from held-out ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from tests.trainer.jobs import job
from trainer.fitting import KeepBest, TrainingRows, divided, fit, refresh
from trainer.rows import last_time
from trainer.settings import RetrieverSettings

HISTORY = ("history_item_id", "history_event_type", "history_time")


class LastItem(tfrs.models.Model):
    """Learns the mean of the last items of the histories in one step."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = tf.Variable(0.0)
        self.compile(optimizer=tf.keras.optimizers.SGD(0.5))

    def compute_loss(self, inputs: dict[str, Any], training: bool = False) -> tf.Tensor:
        last = tf.cast(inputs["history_item_id"][:, -1:].flat_values, tf.float32)
        return tf.reduce_mean((self.mean - last) ** 2)


class Transformed:
    """The feature spec of the rows, as a transform graph would tell it."""

    def transformed_feature_spec(self) -> dict[str, Any]:
        ragged = tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64)
        numbers = ("target_item_id", "request_time")
        fixed = {name: tf.io.FixedLenFeature([], tf.int64) for name in numbers}
        return dict.fromkeys(HISTORY, ragged) | fixed


def write(path: Path, histories: list[list[int]], target: int) -> str:
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for history in histories:
            values = dict.fromkeys(HISTORY, history)
            values |= {"target_item_id": [target], "request_time": [99]}
            features = {
                name: tf.train.Feature(int64_list=tf.train.Int64List(value=value))
                for name, value in values.items()
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return str(path)


def test_a_fitted_model_goes_on_with_the_targets_of_the_held_out_rows(tmp_path: Path) -> None:
    asked = job(
        tmp_path,
        train_files=(write(tmp_path / "train", [[3, 4], [2, 6]], 0),),
        validation_files=(write(tmp_path / "validation", [[3, 4], [2, 6]], 9),),
    )
    settings = RetrieverSettings(batch_size=2, epochs=2, refresh_epochs=1)
    model, strategy = LastItem(), tf.distribute.get_strategy()
    keep_best = KeepBest("value", lambda: 0.0, patience=5)
    fit(model, asked, settings, Transformed(), strategy, keep_best)
    assert model.mean.numpy() == 5.0
    refresh(model, asked, settings, Transformed(), strategy)
    assert model.mean.numpy() == 9.0


def test_a_fit_follows_the_schedule_of_its_settings(tmp_path: Path) -> None:
    asked = job(tmp_path, train_files=(write(tmp_path / "train", [[3, 4], [2, 6]], 0),))
    (tmp_path / "run").mkdir()
    settings = RetrieverSettings(batch_size=2, epochs=2, learning_rate=0.25, warm_up=1.0)
    model, values = LastItem(), iter([1.0, 2.0])
    keep_best = KeepBest("value", lambda: next(values), patience=5)
    fit(model, asked, settings, Transformed(), tf.distribute.get_strategy(), keep_best)
    # From 0 towards 5, by twice the rate: first 0.125, then 0.25.
    assert model.mean.numpy() == pytest.approx(1.25 + 0.5 * 3.75)


@pytest.mark.parametrize(
    ("share", "divided_steps"), [(1.0, (20, 50)), (0.1, (2, 50)), (0.07, (2, 35)), (0.001, (1, 1))]
)
def test_a_share_of_the_steps_is_divided_into_epochs(
    share: float, divided_steps: tuple[int, int]
) -> None:
    assert divided(20, 50, share) == divided_steps


def test_rows_end_with_their_latest_event_or_request(tmp_path: Path) -> None:
    asked = write(tmp_path / "asked", [[3, 4], [2]], 9)  # at 99
    later = write(tmp_path / "later", [[3, 100]], 9)
    assert last_time([asked], Transformed()) == 99
    assert last_time([asked, later], Transformed()) == 100


def items_of_batches(rows: TrainingRows, replicas: int) -> list[list[int]]:
    """The items of the batches that one worker hands to its replicas in two steps."""
    context = tf.distribute.InputContext(1, 0, replicas)
    batches = rows.share(context).take(2 * replicas)
    return [row["history_item_id"].flat_values.numpy().tolist() for row in batches]


def test_the_gpus_of_a_worker_share_its_batch_evenly(tmp_path: Path) -> None:
    files = (write(tmp_path / "train", [[item] for item in range(2, 10)], 0),)
    rows = TrainingRows(files, Transformed(), 4, seed=1)
    whole, shares = items_of_batches(rows, 1), items_of_batches(rows, 2)
    assert [len(share) for share in shares] == [2, 2, 2, 2]
    assert [shares[0] + shares[1], shares[2] + shares[3]] == whole
    with pytest.raises(ValueError, match=r"batch_size 4, replicas 3\. Choose a multiple of 3"):
        items_of_batches(rows, 3)
