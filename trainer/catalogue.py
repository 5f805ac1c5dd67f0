"""The catalogue as dense tables, indexed by item id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.rows import read_rows
from transform import features as keys
from transform.features import Feature, candidate_features
from transform.preprocessing import FIRST_ID

MAX_VALUES = 32  # values kept of a multi-valued or text feature of an item


@dataclass(frozen=True)
class Catalogue:
    """Transformed items; row i belongs to item id i, rows 0 and 1 to padding and unknown.

    Attributes:
        counts: Training events of each item, int64 [V].
        listed: True where the item is in the catalogue and may be recommended, bool [V].
        features: Candidate feature -> int64 [V, M] ids (0 = none) or float32 [V, 2].
    """

    counts: npt.NDArray[np.int64]
    listed: npt.NDArray[np.bool_]
    features: dict[str, npt.NDArray[Any]]


def read_catalogue(
    patterns: Sequence[str],
    transform: tft.TFTransformOutput,
    features: Sequence[Feature],
    *,
    items: int,
) -> Catalogue:
    """Reads the transformed catalogue rows.

    Args:
        patterns: Globs of the files of the catalogue split.
        transform: The transform graph.
        features: All declared features.
        items: Rows of the tables (Vocabulary.items).
    """
    declared = candidate_features(features)
    counts = np.zeros(items, np.int64)
    listed = np.zeros(items, np.bool_)
    tables: dict[str, npt.NDArray[Any]] = {
        f.name: np.zeros((items, 2), np.float32)
        if f.is_numeric
        else np.zeros((items, MAX_VALUES), np.int64)
        for f in declared
    }
    for row in read_rows(patterns, transform, batch_size=4096):
        ids = tf.reshape(row[keys.ITEM_ID], [-1]).numpy()
        counts[ids] = tf.reshape(row[keys.ITEM_COUNT], [-1]).numpy()
        listed[ids] = True
        for feature in declared:
            tables[feature.name][ids] = _table_rows(feature, row[feature.name])
    listed[:FIRST_ID] = False
    return Catalogue(counts, listed, {f.name: _trim(f, tables[f.name]) for f in declared})


def _table_rows(feature: Feature, values: Any) -> npt.NDArray[Any]:
    if feature.is_numeric:
        return np.asarray(values)
    return np.asarray(values.to_tensor(shape=[None, MAX_VALUES]))


def _trim(feature: Feature, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Drops trailing columns that no item uses; at least one stays."""
    if feature.is_numeric:
        return table
    return table[:, : max(1, int((table > 0).any(axis=0).sum()))]
