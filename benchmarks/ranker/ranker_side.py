"""Our side: trains the ranker as its node does, and scores the candidates of two tables.

`python -m benchmarks.ranker.ranker_side SETTINGS FOLDER SEED SCORES SAID`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.ranker.part_files import labels_of, transform_of
from benchmarks.ranker.table import TEST, TRAIN, VALIDATION, Floats
from benchmarks.said import report
from benchmarks.training_job import training_job
from pipeline.loading import load_settings
from trainer.distribution import run_workers
from transform import features as keys

_BATCH = 1024


def main(config: str, folder: str, seed: str, scores: str, said: str) -> None:
    """Trains, scores, reports."""
    settings, rows = load_settings(config), Path(folder)
    job = training_job(
        "ranker",
        settings,
        rows=str(rows / f"{TRAIN}.gz"),
        validation=str(rows / f"{VALIDATION}.gz"),
        seed=int(seed),
        home=Path(scores).with_suffix(""),
    )
    began = time.perf_counter()
    run_workers(job, workers=1)
    seconds = time.perf_counter() - began
    serve = tf.saved_model.load(job.model_dir).signatures["serving_default"]
    label = transform_of(settings).transformed_feature_spec()[keys.LABEL]
    found = {part: _scores(serve, rows / f"{part}.gz", label) for part in (VALIDATION, TEST)}
    np.savez(scores, **found)  # type: ignore[arg-type]
    report(Path(said), seconds=seconds)


def _scores(
    serve: tf.types.experimental.ConcreteFunction, file: Path, label: tf.io.RaggedFeature
) -> Floats:
    """Logits of all candidates of some rows, list after list."""
    found = []
    for batch in tf.data.TFRecordDataset(str(file), "GZIP").batch(_BATCH):
        logits = serve(examples=batch)["logit"]
        there = labels_of(batch, label).row_lengths()
        found.append(tf.boolean_mask(logits, tf.sequence_mask(there)).numpy())
    return np.concatenate(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
