"""The rows of one part of the time line, in the form of each side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.ranker.columns import CandidateColumns
from benchmarks.ranker.table import Table
from benchmarks.seeded_run import catalogue_files, newest
from pipeline.settings import Settings
from trainer.catalogue import read_catalogue
from trainer.vocabulary import read_vocabulary
from transform import features as keys


def write_part(
    folder: Path, part: str, records: Sequence[bytes], table: Table, label: tf.io.RaggedFeature
) -> None:
    """Writes rows as TFX does, for the ranker, and the same candidates as a table, for the trees.

    Args:
        folder: Where both go.
        part: Its name.
        records: Transformed rows.
        table: Their candidates.
        label: How the rows hold labels.

    Raises:
        ValueError: The two sides would learn from different labels.
    """
    told = labels_of(records, label).flat_values.numpy()
    if not np.array_equal(told, table.label):
        raise ValueError(
            f"Both sides must have the same labels. Received: {told.sum():g} positives in the rows "
            f"of {part}, {table.label.sum():g} in the table. Relabel the rows by `relabelled`."
        )
    table.save(folder, part)
    with tf.io.TFRecordWriter(str(folder / f"{part}.gz"), "GZIP") as writer:
        for record in records:
            writer.write(record)


def labels_of(records: Sequence[bytes], label: tf.io.RaggedFeature) -> tf.RaggedTensor:
    """Labels of the candidates of rows, float32 [N, None]."""
    return tf.io.parse_example(records, {keys.LABEL: label})[keys.LABEL]


def relabelled(record: bytes, label: tf.io.RaggedFeature, labels: npt.NDArray[np.float64]) -> bytes:
    """A row with other labels.

    Args:
        record: The row.
        label: How rows hold labels; TFT gives ragged columns keys of its own.
        labels: One for each candidate.
    """
    example = tf.train.Example.FromString(record)
    example.features.feature[label.value_key].float_list.value[:] = labels
    return bytes(example.SerializeToString())


def transform_of(settings: Settings) -> tft.TFTransformOutput:
    """The transform graph of a run."""
    return tft.TFTransformOutput(str(newest(settings.root, "Transform", "transform_graph")))


def columns_of(settings: Settings, transform: tft.TFTransformOutput) -> CandidateColumns:
    """What the trees see of the candidates of a run."""
    vocabulary = read_vocabulary(transform, list(settings.features))
    catalogue = read_catalogue(
        [catalogue_files(settings.root)],
        transform,
        settings.features,
        settings.aggregates,
        items=vocabulary.items,
    )
    length = settings.examples.history_length
    return CandidateColumns(settings.features, settings.aggregates, catalogue, vocabulary, length)
