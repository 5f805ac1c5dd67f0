"""What both trainings read before they start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow_transform as tft

from trainer.catalogue import Catalogue, read_catalogue
from trainer.export import Description
from trainer.job import Job
from trainer.rows import last_time, read_rows
from trainer.vocabulary import read_vocabulary

_VALIDATION_BATCH = 512


@dataclass(frozen=True)
class Prepared:
    """Inputs of a training.

    Attributes:
        transform: The transform graph.
        description: Settings, features and sizes of the model.
        catalogue: The catalogue's tables.
        validation: Batches of held-out rows.
    """

    transform: tft.TFTransformOutput
    description: Description
    catalogue: Catalogue
    validation: list[dict[str, Any]]


def prepare(job: Job) -> Prepared:
    """Reads what a job names."""
    transform = tft.TFTransformOutput(job.transform_graph)
    vocabulary = read_vocabulary(transform, list(job.features))
    return Prepared(
        transform=transform,
        description=Description(
            settings=job.settings,
            features=job.features,
            aggregates=job.aggregates,
            vocabulary=vocabulary,
            history_length=job.history_length,
            protocol=job.protocol,
            last_time=last_time(job.train_files, transform),
        ),
        catalogue=read_catalogue(
            job.catalogue_files,
            transform,
            job.features,
            job.aggregates,
            items=vocabulary.items,
        ),
        validation=list(read_rows(job.validation_files, transform, batch_size=_VALIDATION_BATCH)),
    )
