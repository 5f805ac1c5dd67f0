"""Training of the ranker in one worker process."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.catalogue import Catalogue, read_catalogue
from trainer.export import Description, save
from trainer.fitting import KeepBest, fit, is_chief, ndcg_of_ranks
from trainer.job import Job
from trainer.ranker.model import Ranker
from trainer.rows import read_rows
from trainer.settings import RankerSettings
from trainer.vocabulary import read_vocabulary
from transform import features as keys

_METRIC_K = 10


def train(job: Job, strategy: tf.distribute.Strategy) -> None:
    """Trains the ranker of a job; the chief writes the SavedModel."""
    transform = tft.TFTransformOutput(job.transform_graph)
    vocabulary = read_vocabulary(transform, list(job.features))
    catalogue = read_catalogue(job.catalogue_files, transform, job.features, items=vocabulary.items)
    validation = list(read_rows(job.validation_files, transform, batch_size=512))
    description = Description(
        settings=job.settings,
        features=job.features,
        vocabulary=vocabulary,
        history_length=job.history_length,
    )
    settings = RankerSettings(**job.settings)
    with strategy.scope():
        model = build(description, catalogue, validation[0])
        model.compile(optimizer=tf.keras.optimizers.Adam(settings.learning_rate))
    score = tf.function(model.call, reduce_retracing=True)

    def measure() -> float:
        ranks = [_ranks(score(row).numpy(), row) for row in validation]
        return ndcg_of_ranks(np.concatenate(ranks), _METRIC_K)

    keep_best = KeepBest("val_ndcg_at_10", measure, settings.patience)
    fit(model, job, settings, transform, strategy, keep_best)
    if is_chief(strategy):
        exported = build(description, catalogue, validation[0])
        exported.set_weights(model.get_weights())
        save(exported, job, vocabulary, transform, lambda rows: {"logit": exported(rows)})


def build(description: Description, catalogue: Catalogue, row: dict[str, Any]) -> Ranker:
    """Builds a ranker with all its weights.

    Args:
        description: Settings, features and sizes.
        catalogue: The catalogue's tables.
        row: Any batch of transformed ranking rows; calling the model creates its weights.
    """
    model = Ranker(
        description.features,
        description.vocabulary,
        catalogue,
        RankerSettings(**description.settings),
        length=description.history_length,
    )
    model(row)
    return model


def _ranks(logits: Any, row: dict[str, Any]) -> Any:
    """Rank of the positive among the row's candidates, 0 for the best."""
    labels = row[keys.LABEL].to_tensor().numpy()
    positive = (logits * labels).sum(axis=1, keepdims=True)
    return (logits > positive).sum(axis=1)
