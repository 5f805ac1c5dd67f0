"""Training of the retriever in one worker process."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.collapse import CollapseGuard, FewListsGuard
from trainer.export import Description, save, save_before_refresh
from trainer.fitting import KeepBest, fit, is_chief, refresh
from trainer.job import Job
from trainer.lazy_adam import LazyAdam
from trainer.monitors import TrainingMonitor
from trainer.preparation import prepare
from trainer.settings import RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.validation import METRIC_K, Validation
from trainer.warm_start.start import warm_start


def train(job: Job, strategy: tf.distribute.Strategy) -> None:
    """Trains the retriever of a job; the chief writes the SavedModel."""
    inputs = prepare(job)
    settings = RetrieverSettings(**job.settings)
    with strategy.scope():
        model = trainable(inputs.description, inputs.catalogue, inputs.validation[0], seed=job.seed)
    measure = Validation(model, inputs.catalogue, inputs.validation, exclude_seen=job.exclude_seen)
    keep_best = KeepBest(settings.measure, measure, settings.patience)
    share = warm_start(model, job, inputs, strategy, settings.warm_start)
    monitors = (
        CollapseGuard(
            job,
            "list_concentration",
            measure.alike,
            f"the places of their first {METRIC_K} items went to the same {METRIC_K}",
        ),
        FewListsGuard(job, measure.lists),
        TrainingMonitor(job, model.item_tower, strategy, "training"),
    )
    fit(model, job, settings, inputs.transform, strategy, keep_best, share, monitors)
    before_refresh = model.get_weights()
    if settings.refresh_epochs:
        monitor = TrainingMonitor(job, model.item_tower, strategy, "refresh")
        refresh(model, job, settings, inputs.transform, strategy, [monitor])
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
    """Builds a retriever as the settings train it, see `build`; under a strategy, in its scope."""
    settings = RetrieverSettings(**description.settings)
    model = _model(settings, description, catalogue, row, seed)
    model.compile(optimizer=LazyAdam(settings.learning_rate))
    return model


def build(
    description: Description, catalogue: Catalogue, row: dict[str, Any], *, seed: int
) -> TwoTower:
    """Builds a retriever with all its weights, as it is served: in float32.

    Args:
        description: Settings, features and sizes.
        catalogue: The catalogue's tables.
        row: Any batch of transformed rows; calling the model creates its weights.
        seed: Seed of the negatives.
    """
    settings = RetrieverSettings(**description.settings).in_float32()
    return _model(settings, description, catalogue, row, seed)


def _model(
    settings: RetrieverSettings,
    description: Description,
    catalogue: Catalogue,
    row: dict[str, Any],
    seed: int,
) -> TwoTower:
    model = TwoTower(
        description.features,
        description.vocabulary,
        catalogue,
        settings,
        length=description.history_length,
        seed=seed,
    )
    model(row)
    return model
