"""Training of the retriever in one worker process."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.export import Description, save, save_before_refresh
from trainer.fitting import KeepBest, fit, is_chief, ndcg_of_ranks, refresh
from trainer.job import Job
from trainer.lazy_adam import LazyAdam
from trainer.preparation import prepare
from trainer.settings import RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.warm_start.start import warm_start
from transform import features as keys

_METRIC_K = 10


def train(job: Job, strategy: tf.distribute.Strategy) -> None:
    """Trains the retriever of a job; the chief writes the SavedModel."""
    inputs = prepare(job)
    settings = RetrieverSettings(**job.settings)
    with strategy.scope():
        model = trainable(inputs.description, inputs.catalogue, inputs.validation[0], seed=job.seed)
    measure = _Validation(model, inputs.catalogue, inputs.validation)
    keep_best = KeepBest("val_ndcg_at_10", measure, settings.patience)
    share = warm_start(model, job, inputs, strategy, settings.warm_start)
    fit(model, job, settings, inputs.transform, strategy, keep_best, share)
    before_refresh = model.get_weights()
    if settings.refresh_epochs:
        refresh(model, job, settings, inputs.transform, strategy)
    if is_chief(strategy):
        served = build(inputs.description, inputs.catalogue, inputs.validation[0], seed=job.seed)
        if settings.refresh_epochs:
            served.set_weights(before_refresh)
            save_before_refresh(served, job.model_dir)
        served.set_weights(model.get_weights())
        save(
            served,
            job.model_dir,
            inputs.description,
            inputs.transform,
            lambda rows: {"embedding": served(rows)},
        )


def trainable(
    description: Description, catalogue: Catalogue, row: dict[str, Any], *, seed: int
) -> TwoTower:
    """Builds a retriever with its optimizer, see `build`; under a strategy, in its scope."""
    model = build(description, catalogue, row, seed=seed)
    learning_rate = RetrieverSettings(**description.settings).learning_rate
    model.compile(optimizer=LazyAdam(learning_rate))
    return model


def build(
    description: Description, catalogue: Catalogue, row: dict[str, Any], *, seed: int
) -> TwoTower:
    """Builds a retriever with all its weights.

    Args:
        description: Settings, features and sizes.
        catalogue: The catalogue's tables.
        row: Any batch of transformed rows; calling the model creates its weights.
        seed: Seed of the uniform negatives.
    """
    model = TwoTower(
        description.features,
        description.vocabulary,
        catalogue,
        RetrieverSettings(**description.settings),
        length=description.history_length,
        seed=seed,
    )
    model(row)
    return model


class _Validation:
    """NDCG@10 of the held-out requests over the whole catalogue, seen items removed."""

    def __init__(self, model: TwoTower, catalogue: Catalogue, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._model = model
        self._ids = tf.constant(np.flatnonzero(catalogue.listed), tf.int64)
        self._vectors = tf.function(model.item_vectors)
        self._queries = tf.function(model.call, reduce_retracing=True)

    def __call__(self) -> float:
        """Measures the model as it is."""
        vectors = self._vectors(self._ids).numpy()
        ids = self._ids.numpy()
        ranks = [self._ranks(row, ids, vectors) for row in self._rows]
        return ndcg_of_ranks(np.concatenate(ranks), _METRIC_K)

    def _ranks(self, row: dict[str, Any], ids: Any, vectors: Any) -> Any:
        queries = self._queries(row).numpy()
        scores = np.full((len(queries), ids.max() + 1), -np.inf, np.float32)
        scores[:, ids] = queries @ vectors.T
        target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1]).numpy()
        own = scores[np.arange(len(queries)), target]
        history = row[keys.HISTORY_ITEM_ID]
        scores[history.value_rowids().numpy(), history.flat_values.numpy()] = -np.inf
        return (scores > own[:, np.newaxis]).sum(axis=1)
