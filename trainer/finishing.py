"""What follows a fit: the latest rows are learned, and the model is written."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from trainer.encoders import ItemEncoder
from trainer.export import save, save_before_refresh
from trainer.fitting import is_chief, refresh
from trainer.job import Job
from trainer.monitors import TrainingMonitor
from trainer.preparation import Prepared
from trainer.rows import Row, last_time
from trainer.settings import TrainingSettings


def finish(
    model: tf.keras.Model,
    job: Job,
    settings: TrainingSettings,
    inputs: Prepared,
    strategy: tf.distribute.Strategy,
    *,
    items: ItemEncoder,
    as_trained: Callable[[Row], Row],
    build: Callable[[], tf.keras.Model],
    output: str,
) -> None:
    """Lets a fitted model learn the latest rows, if it is to and there are any; the chief saves it.

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
    description, fitted = inputs.description, []
    if settings.refresh_epochs and (latest := last_time(job.latest_files, inputs.transform)):
        description = description.model_copy(update={"refreshed_until": latest})
        fitted = model.get_weights()
        monitor = TrainingMonitor(job, items, strategy, "refresh")
        refresh(model, job, settings, inputs.transform, strategy, [monitor], as_trained=as_trained)
    if not is_chief(strategy):
        return
    served = build()
    if fitted:
        served.set_weights(fitted)
        save_before_refresh(served, job.model_dir)
    served.set_weights(model.get_weights())
    save(served, job.model_dir, description, inputs.transform, lambda rows: {output: served(rows)})
