"""Our side: trains the retriever for some passes, as its worker does, and says how long each took.

It says, too, how long a pass takes that reads the rows and does not train.

`python -m benchmarks.training.retriever_side SETTINGS ROWS PASSES SAID`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.said import report
from benchmarks.seeded_run import transformed
from benchmarks.training_job import training_job
from pipeline.loading import load_settings
from trainer.fitting import TrainingRows
from trainer.preparation import prepare
from trainer.two_tower.training import trainable
from transform import features as keys


def main(config: str, rows: str, passes: str, said: str) -> None:
    """Trains and reports."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    settings = load_settings(config)
    job = training_job(
        "retriever",
        settings,
        rows=rows,
        validation=f"{transformed(settings.root, keys.VALIDATION)}/*",
        seed=settings.seed,
    )
    tf.keras.utils.set_random_seed(job.seed)
    inputs = prepare(job)
    with strategy.scope():
        model = trainable(inputs.description, inputs.catalogue, inputs.validation[0], seed=job.seed)
    batches = TrainingRows(
        job.train_files, inputs.transform, settings.retriever.batch_size, job.seed
    )
    clock = _Clock()
    model.fit(
        strategy.distribute_datasets_from_function(batches.share),
        epochs=int(passes),
        steps_per_epoch=batches.steps,
        callbacks=[clock],
        verbose=0,
    )
    report(Path(said), seconds=clock.seconds, input_seconds=_reading(batches))


def _reading(rows: TrainingRows) -> float:
    """Seconds of reading a pass, once the rows are cached, as they are after the first one."""
    batches = iter(rows.share(tf.distribute.InputContext()))
    for _ in range(rows.steps):
        next(batches)
    began = time.perf_counter()
    for _ in range(rows.steps):
        next(batches)
    return time.perf_counter() - began


class _Clock(tf.keras.callbacks.Callback):
    """Seconds of each pass."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Stops."""
        self.seconds.append(time.perf_counter() - self._began)


if __name__ == "__main__":
    main(*sys.argv[1:])
