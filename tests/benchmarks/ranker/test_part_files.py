"""Tests of the rows that both sides learn from: their labels are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.ranker.part_files import labels_of, relabelled, write_part
from benchmarks.ranker.table import Table

# As TFT names the values of a ragged column.
LABEL = tf.io.RaggedFeature(
    tf.float32, value_key="label$ragged_values", partitions=[], row_splits_dtype=tf.int64
)


def row(labels: list[float]) -> bytes:
    example = tf.train.Example()
    example.features.feature["label$ragged_values"].float_list.value[:] = labels
    return bytes(example.SerializeToString())


def table(labels: list[float]) -> Table:
    number = len(labels)
    return Table(
        columns=np.zeros((number, 0), np.float32),
        is_category=np.zeros(0, np.bool_),
        row=np.zeros(number, np.int64),
        label=np.array(labels),
        probability=np.ones(number),
        relevance=np.ones(number),
        place=np.zeros(number, np.int64),
        measured=np.ones(number, np.bool_),
    )


def test_a_relabelled_row_is_read_with_its_other_labels() -> None:
    other = relabelled(row([1.0, 1.0, 0.0]), LABEL, np.array([0.0, 1.0, 0.0]))
    assert labels_of([other], LABEL).to_list() == [[0.0, 1.0, 0.0]]


def test_sides_with_different_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 positives in the rows of train, 2 in the table"):
        write_part(tmp_path, "train", [row([1.0, 0.0])], table([1.0, 1.0]), LABEL)
    assert not list(tmp_path.iterdir())
    write_part(tmp_path, "train", [row([1.0, 0.0])], table([1.0, 0.0]), LABEL)
    assert Table.load(tmp_path, "train").label.tolist() == [1.0, 0.0]
