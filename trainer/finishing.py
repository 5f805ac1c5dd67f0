"""What follows a fit: the latest rows are learned, and the model is written."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from trainer.export import save, save_before_refresh
from trainer.fitting import is_chief, refresh
from trainer.job import Job
from trainer.monitors import TrainingMonitor
from trainer.preparation import Prepared
from trainer.rows import Row
from trainer.settings import TrainingSettings


def finish(
    model: tf.keras.Model,
    job: Job,
    settings: TrainingSettings,
    inputs: Prepared,
    strategy: tf.distribute.Strategy,
    *,
    items: tf.keras.layers.Layer,
    as_trained: Callable[[Row], Row],
    build: Callable[[], tf.keras.Model],
    output: str,
) -> None:
    """Lets a fitted model learn the latest rows, if it is to; the chief writes it.

    Args:
        model: The fitted model.
        job: The job.
        settings: Its training settings.
        inputs: What the training read.
        strategy: The strategy of this process.
        items: The model's encoder of items.
        as_trained: Makes a training row of one of the latest.
        build: Builds the model as it is served, outside the strategy.
        output: Name of what the model computes, in the signature.
    """
    fitted = model.get_weights()
    if settings.refresh_epochs:
        monitor = TrainingMonitor(job, items, strategy, "refresh")
        refresh(model, job, settings, inputs.transform, strategy, [monitor], as_trained=as_trained)
    if not is_chief(strategy):
        return
    served = build()
    if settings.refresh_epochs:
        served.set_weights(fitted)
        save_before_refresh(served, job.model_dir)
    served.set_weights(model.get_weights())
    save(
        served,
        job.model_dir,
        inputs.description,
        inputs.transform,
        lambda rows: {output: served(rows)},
    )
