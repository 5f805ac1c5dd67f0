"""Fitting a model under a strategy: batches by worker, early stopping, backup, history."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.backup import Backup, HistoryFile, discard, steps_done
from trainer.job import HISTORY_FILE, Job
from trainer.rows import count_rows, training_batches
from trainer.schedule import scheduled
from trainer.sequences import with_target
from trainer.settings import RetrieverSettings, TrainingSettings

_BACKUP, _REFRESH_BACKUP = "backup", "refresh-backup"


class KeepBest(tf.keras.callbacks.Callback):
    """Measures the model after each epoch, stops without progress, restores the best weights.

    Every worker measures the same held-out rows with the same weights, so all stop together.
    """

    def __init__(self, name: str, measure: Callable[[], float], patience: int) -> None:
        """`measure` returns the value to maximise; it enters the history under `name`."""
        super().__init__()
        self._name = name
        self._measure = measure
        self._patience = patience
        self._best = -math.inf
        self._best_epoch = 0
        self._weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measures, remembers the best weights and stops when patience runs out."""
        value = self._measure()
        if logs is not None:
            logs[self._name] = value
        if value > self._best:
            self._best, self._best_epoch = value, epoch
            self._weights = self.model.get_weights()
        elif epoch - self._best_epoch >= self._patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Restores the weights of the best epoch."""
        if self._weights:
            self.model.set_weights(self._weights)

    def state(self) -> dict[str, Any]:
        """What a training that is started again must know of the epochs before."""
        weights = {f"weights_{i}": value for i, value in enumerate(self._weights)}
        return {"best": self._best, "epoch": self._best_epoch, **weights}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` gave."""
        self._best, self._best_epoch = float(state["best"]), int(state["epoch"])
        self._weights = [state[f"weights_{i}"] for i in range(len(state) - 2)]


def fit(
    model: tf.keras.Model,
    job: Job,
    settings: TrainingSettings,
    transform: tft.TFTransformOutput,
    strategy: tf.distribute.Strategy,
    keep_best: KeepBest,
    share: float = 1.0,
    monitors: Sequence[tf.keras.callbacks.Callback] = (),
) -> None:
    """Fits a built and compiled model; the chief writes the history to the run folder.

    A training that is started again goes on from its backup, with the batches that come next; one
    whose fit had ended takes the weights from there, until `discard_backups`.

    Args:
        model: The model, created under the strategy's scope.
        job: The job.
        settings: Its training settings.
        transform: The transform graph.
        strategy: The strategy of this process.
        keep_best: Early stopping.
        share: Of the steps that the settings ask for.
        monitors: Callbacks that see each epoch once `keep_best` measured it; what they add to its
            logs is in the history.
    """
    rows = TrainingRows(job.train_files, transform, settings.batch_size, job.seed)
    epochs, steps = divided(settings.epochs, rows.steps, share)
    run, chief = Path(job.run_dir), is_chief(strategy)
    done = steps_done(run / _BACKUP, steps)
    model.fit(
        strategy.distribute_datasets_from_function(lambda c: rows.share(c, done)),
        epochs=epochs,
        steps_per_epoch=steps,
        callbacks=[
            *scheduled(settings, epochs * steps),
            keep_best,
            *monitors,
            *([HistoryFile(run / HISTORY_FILE)] if chief else []),
            Backup(run / _BACKUP, steps, keep_best, writes=chief),
        ],
        verbose=2,
    )


def divided(epochs: int, steps: int, share: float) -> tuple[int, int]:
    """A share of the steps of some epochs, as epochs that are no longer, and the steps of each."""
    total = max(1, round(share * epochs * steps))
    parts = math.ceil(total / steps)
    return parts, math.ceil(total / parts)


def refresh(
    model: tf.keras.Model,
    job: Job,
    settings: RetrieverSettings,
    transform: tft.TFTransformOutput,
    strategy: tf.distribute.Strategy,
    monitors: Sequence[tf.keras.callbacks.Callback] = (),
) -> None:
    """Goes on training a fitted model with the rows that validated it, and their targets.

    They are the latest that is known. Nothing measures the result any more; what does has to take
    the weights from before. The learning rate stays where the training left it.
    """
    rows = TrainingRows(job.validation_files, transform, settings.batch_size, job.seed)
    steps, backup = rows.steps, Path(job.run_dir) / _REFRESH_BACKUP
    done = steps_done(backup, steps)
    model.fit(
        strategy.distribute_datasets_from_function(lambda c: rows.share(c, done).map(with_target)),
        epochs=settings.refresh_epochs,
        steps_per_epoch=steps,
        callbacks=[*monitors, Backup(backup, steps, None, writes=is_chief(strategy))],
        verbose=2,
    )


def discard_backups(job: Job) -> None:
    """Removes what an interrupted training would go on from: all that it was for is written."""
    for name in (_BACKUP, _REFRESH_BACKUP):
        discard(Path(job.run_dir) / name)


class TrainingRows(NamedTuple):
    """Rows to train with, in global batches of `batch_size`, in an order that `seed` draws."""

    files: Sequence[str]
    transform: tft.TFTransformOutput
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Steps of a pass over all rows."""
        return math.ceil(count_rows(self.files) / self.batch_size)

    def share(self, context: tf.distribute.InputContext, skip: int = 0) -> tf.data.Dataset:
        """What one worker sees of each batch, but for some at the beginning."""
        return training_batches(
            self.files,
            self.transform,
            batch_size=self.batch_size,
            workers=context.num_input_pipelines,
            worker=context.input_pipeline_id,
            replicas=context.num_replicas_in_sync,
            seed=self.seed,
            skip=skip,
        )


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """True in the one worker that writes the results."""
    resolver = strategy.cluster_resolver
    return resolver is None or not resolver.task_id


def ndcg_of_ranks(ranks: np.ndarray[Any, Any], k: int) -> float:
    """Mean NDCG@k of single targets at 0-based ranks; a rank of k or more counts 0."""
    gains = np.where(ranks < k, 1.0 / np.log2(ranks + 2.0), 0.0)
    return float(gains.mean()) if len(gains) else 0.0
