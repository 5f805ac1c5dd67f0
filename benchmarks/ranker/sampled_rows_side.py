"""The rows of both sides where a log holds deeds alone: those of the pipeline, as it divides them.

`python -m benchmarks.ranker.sampled_rows_side SETTINGS LOG FOLDER SAID`

Of each request there is the item taken and a sample of the others that training knows; what each
stands for is known. The truth is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.ranker.part_files import columns_of, transform_of, write_part
from benchmarks.ranker.table import PARTS, Table
from benchmarks.said import report
from benchmarks.seeded_run import transformed
from components.example_columns import read_records
from pipeline.loading import load_settings
from transform import features as keys

_SPLITS = (keys.RANKING, keys.VALIDATION, keys.EVAL)


def main(config: str, _: str, folder: str, said: str) -> None:
    """Reads the rows of each part, writes them."""
    settings, out = load_settings(config), Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    transform = transform_of(settings)
    columns, spec = columns_of(settings, transform), transform.transformed_feature_spec()
    facts = {}
    for part, split in zip(PARTS, _SPLITS, strict=True):
        records = list(read_records([str(transformed(settings.root, split))]))
        rows = tf.io.parse_example(records, spec)
        label = rows[keys.LABEL]
        seen = columns(rows)
        table = Table(
            columns=seen,
            is_category=columns.is_category,
            row=label.value_rowids().numpy(),
            label=label.flat_values.numpy().astype(float),
            probability=rows[keys.CANDIDATE_PROBABILITY].flat_values.numpy().astype(float),
            relevance=np.full(len(seen), np.nan),
            place=np.zeros(len(seen), np.int64),
            measured=columns.is_drawable(rows),
        )
        write_part(out, part, records, table, spec[keys.LABEL])
        facts[part] = {"lists": len(records)}
    report(Path(said), **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
