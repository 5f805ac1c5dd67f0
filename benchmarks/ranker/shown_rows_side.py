"""The rows of both sides: the lists that a shop showed, divided by time, with their truth.

`python -m benchmarks.ranker.shown_rows_side SETTINGS LOG FOLDER SAID`

Of each part of the time line there are transformed rows for the ranker and a table for the trees,
of the same candidates with the same labels. A label is a click on the impression itself; the
pipeline's own labels credit whatever was done with the item within a day.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf

from benchmarks.ranker.columns import CandidateColumns
from benchmarks.ranker.part_files import columns_of, relabelled, transform_of, write_part
from benchmarks.ranker.shown import ITEM, PLACE_IN_ROW, ROW, TIME, impressions, recognised
from benchmarks.ranker.table import PARTS, Table
from benchmarks.said import report
from benchmarks.seeded_run import transformed
from components.example_columns import read_records
from pipeline.loading import load_settings
from transform import features as keys
from transform.preprocessing import FIRST_ID, ITEM_VOCABULARY

# Where the parts of the time line begin, as shares of the lists.
_BEGIN = (0.0, 0.6, 0.75)
_BATCH = 4096


def main(config: str, log: str, folder: str, said: str) -> None:
    """Divides, recognises, writes."""
    settings, out = load_settings(config), Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    transform = transform_of(settings)
    records = np.array(list(read_records([str(transformed(settings.root, keys.RANKING))])), object)
    spec = transform.transformed_feature_spec()
    time = np.concatenate(
        [
            tf.reshape(tf.io.parse_example(records[i : i + _BATCH], spec)[keys.REQUEST_TIME], [-1])
            for i in range(0, len(records), _BATCH)
        ]
    )
    limits = np.quantile(time, _BEGIN[1:])
    part = np.searchsorted(limits, time, side="right")
    vocabulary = transform.vocabulary_by_name(ITEM_VOCABULARY)
    items = {name.decode(): place + FIRST_ID for place, name in enumerate(vocabulary)}
    shown = impressions(Path(log), items)
    columns = columns_of(settings, transform)
    facts = {}
    for number, name in enumerate(PARTS):
        of_part = records[part == number]
        rows = tf.io.parse_example(of_part, spec)
        known = recognised(_candidates(rows), shown)
        _write(of_part, rows, known, columns, spec[keys.LABEL], out, name)
        facts[name] = {"lists": known[ROW].n_unique(), "left out": len(of_part)}
        facts[name]["left out"] -= facts[name]["lists"]
    report(Path(said), **facts)


def _candidates(rows: dict[str, Any]) -> pl.DataFrame:
    """Each candidate of rows, see `shown.recognised`."""
    candidates = rows[keys.CANDIDATE_ITEM_ID]
    row = candidates.value_rowids().numpy()
    place = np.arange(len(row)) - candidates.row_starts().numpy()[row]
    time = tf.reshape(rows[keys.REQUEST_TIME], [-1]).numpy()[row]
    item = candidates.flat_values.numpy()
    return pl.DataFrame({ROW: row, PLACE_IN_ROW: place, TIME: time, ITEM: item})


def _write(
    records: Sequence[bytes],
    rows: dict[str, Any],
    known: pl.DataFrame,
    columns: CandidateColumns,
    label: tf.io.RaggedFeature,
    folder: Path,
    part: str,
) -> None:
    kept = known[ROW].unique(maintain_order=True).to_numpy()
    is_kept = np.isin(rows[keys.CANDIDATE_ITEM_ID].value_rowids().numpy(), kept)
    seen = columns(rows)[is_kept]
    table = Table(
        columns=seen,
        is_category=columns.is_category,
        row=known[ROW].to_numpy(),
        label=known["clicked"].to_numpy(),
        probability=rows[keys.CANDIDATE_PROBABILITY].flat_values.numpy()[is_kept].astype(float),
        relevance=known["relevance"].to_numpy(),
        place=known["position"].to_numpy(),
        measured=np.ones(len(seen), np.bool_),
    )
    labels = np.split(table.label, np.cumsum(table.sizes)[:-1])
    clicked = [relabelled(records[n], label, of) for n, of in zip(kept, labels, strict=True)]
    write_part(folder, part, clicked, table, label)


if __name__ == "__main__":
    main(*sys.argv[1:])
