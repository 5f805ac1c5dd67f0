"""The windows of all sides: some training rows of a pipeline.

`python -m benchmarks.training.windows_side SETTINGS COUNT ROWS WINDOWS SAID`
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.said import report
from benchmarks.seeded_run import newest, transformed
from benchmarks.training.windows import Windows
from components.example_columns import read_records
from pipeline.loading import load_settings
from transform import features as keys
from transform.preprocessing import FIRST_ID


def main(config: str, count: str, rows: str, windows: str, said: str) -> None:
    """Writes them as rows for the retriever, and as item numbers for the peers."""
    root = load_settings(config).root
    graph = tft.TFTransformOutput(str(newest(root, "Transform", "transform_graph")))
    chosen = list(itertools.islice(read_records([str(transformed(root, keys.TRAIN))]), int(count)))
    with tf.io.TFRecordWriter(rows, "GZIP") as writer:
        for record in chosen:
            writer.write(record)
    history = tf.io.parse_example(chosen, graph.transformed_feature_spec())[keys.HISTORY_ITEM_ID]
    found = Windows(
        item=history.flat_values.numpy() - FIRST_ID + 1, size=history.row_lengths().numpy()
    )
    np.savez(windows, **found._asdict())
    report(Path(said), windows=len(chosen), events=found.events)


if __name__ == "__main__":
    main(*sys.argv[1:])
