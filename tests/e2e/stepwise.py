"""A worker that takes some steps of a retriever's training and tells the loss of each.

`python stepwise.py JOB NEGATIVES`: `shared`, as the trainer has them, or `own`, those of the
replica alone. The chief writes `losses.json` beside the job.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from unittest import mock

import tensorflow as tf

from trainer.fitting import TrainingRows, is_chief
from trainer.job import Job
from trainer.preparation import prepare
from trainer.settings import RetrieverSettings
from trainer.two_tower import model as two_tower
from trainer.two_tower.training import trainable

STEPS = 50
LOSSES = "losses.json"


def main(path: Path, negatives: str) -> None:
    """Takes the steps; an epoch is one, so that its loss is the step's."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    job = Job.model_validate_json(path.read_text())
    tf.keras.utils.set_random_seed(job.seed)
    inputs = prepare(job)
    with strategy.scope():
        model = trainable(inputs.description, inputs.catalogue, inputs.validation[0], seed=job.seed)
    batch_size = RetrieverSettings(**job.settings).batch_size
    rows = TrainingRows(job.train_files, inputs.transform, batch_size, job.seed)
    with _own_negatives() if negatives == "own" else contextlib.nullcontext():
        history = model.fit(
            strategy.distribute_datasets_from_function(rows.share),
            epochs=STEPS,
            steps_per_epoch=1,
            verbose=0,
        ).history
    if is_chief(strategy):
        (path.parent / LOSSES).write_text(json.dumps(history["loss"]))


def _own_negatives() -> contextlib.AbstractContextManager[object]:
    return mock.patch.object(two_tower, "gather_across_replicas", lambda values: values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
