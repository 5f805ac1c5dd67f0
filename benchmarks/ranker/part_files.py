"""The rows of one part of the time line, in the form of each side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.ranker.columns import CandidateColumns
from benchmarks.ranker.table import Table
from benchmarks.seeded_run import catalogue_files, newest
from pipeline.settings import Settings
from trainer.catalogue import read_catalogue
from trainer.vocabulary import read_vocabulary


def write_part(folder: Path, part: str, records: Sequence[bytes], table: Table) -> None:
    """Writes rows as TFX does, for the ranker, and the same candidates as a table, for the trees.

    Args:
        folder: Where both go.
        part: Its name.
        records: Transformed rows.
        table: Their candidates.
    """
    table.save(folder, part)
    with tf.io.TFRecordWriter(str(folder / f"{part}.gz"), "GZIP") as writer:
        for record in records:
            writer.write(record)


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
