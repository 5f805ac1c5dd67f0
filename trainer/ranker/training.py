"""Training of the ranker in one worker process."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.collapse import CollapseGuard
from trainer.export import Description, save
from trainer.fitting import KeepBest, fit, is_chief
from trainer.job import Job
from trainer.lazy_adam import LazyAdam
from trainer.monitors import TrainingMonitor
from trainer.preparation import prepare
from trainer.ranker.model import Ranker
from trainer.ranker.validation import Validation
from trainer.settings import RankerSettings
from trainer.warm_start.start import warm_start


def train(job: Job, strategy: tf.distribute.Strategy) -> None:
    """Trains the ranker of a job; the chief writes the SavedModel."""
    inputs = prepare(job)
    settings = RankerSettings(**job.settings)
    with strategy.scope():
        model = trainable(inputs.description, inputs.catalogue, inputs.validation[0])
    measure = Validation(model, inputs.validation, settings.keep, exclude_seen=job.exclude_seen)
    keep_best = KeepBest(settings.measure, measure, settings.patience)
    share = warm_start(model, job, inputs, strategy, settings.warm_start)
    alike = "the requests gave the same score to all their candidates"
    monitors = (
        CollapseGuard(job, "undecided_requests", measure.alike, alike),
        TrainingMonitor(job, model.item_encoder, strategy, "training"),
    )
    fit(model, job, settings, inputs.transform, strategy, keep_best, share, monitors)
    if is_chief(strategy):
        served = build(inputs.description, inputs.catalogue, inputs.validation[0])
        served.set_weights(model.get_weights())
        save(
            served,
            job.model_dir,
            inputs.description,
            inputs.transform,
            lambda rows: {"logit": served(rows)},
        )


def trainable(description: Description, catalogue: Catalogue, row: dict[str, Any]) -> Ranker:
    """Builds a ranker as the settings train it, see `build`; under a strategy, in its scope."""
    settings = RankerSettings(**description.settings)
    model = _model(settings, description, catalogue, row)
    model.compile(optimizer=LazyAdam(settings.learning_rate))
    return model


def build(description: Description, catalogue: Catalogue, row: dict[str, Any]) -> Ranker:
    """Builds a ranker with all its weights, as it is served: in float32.

    Args:
        description: Settings, features and sizes.
        catalogue: The catalogue's tables.
        row: Any batch of transformed ranking rows; calling the model creates its weights.
    """
    settings = RankerSettings(**description.settings).in_float32()
    return _model(settings, description, catalogue, row)


def _model(
    settings: RankerSettings, description: Description, catalogue: Catalogue, row: dict[str, Any]
) -> Ranker:
    model = Ranker(
        description.features,
        description.aggregates,
        description.vocabulary,
        catalogue,
        settings,
        length=description.history_length,
    )
    model(row)
    return model
