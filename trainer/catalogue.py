"""The catalogue as dense tables, indexed by item id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.rows import read_rows
from transform import features as keys
from transform.aggregates import MOMENTS, Aggregate, Of, aggregates_of
from transform.features import Feature, candidate_features
from transform.preprocessing import FIRST_ID

_NEVER = np.iinfo(np.int64).max
MAX_VALUES = 32  # values kept of a multi-valued or text feature of an item


@dataclass(frozen=True)
class Catalogue:
    """Transformed items; row i belongs to item id i, rows 0 and 1 to padding and unknown.

    Attributes:
        counts: Training events of each item, int64 [V].
        listed: True where the item is in the catalogue and may be recommended, bool [V].
        available: From when on, and before when each item may be shown: unix seconds, int64 [V, 2].
        features: Candidate feature -> int64 [V, M] ids (0 = none) or float32 [V, 2].
        aggregates: Aggregates of each item at the end of the training data, float32 [V, I].
        latest_aggregates: The same at the end of all that a model may learn from; None where that
            is no later.
    """

    counts: npt.NDArray[np.int64]
    listed: npt.NDArray[np.bool_]
    available: npt.NDArray[np.int64]
    features: dict[str, npt.NDArray[Any]]
    aggregates: npt.NDArray[np.float32]
    latest_aggregates: npt.NDArray[np.float32] | None = None

    def latest(self) -> Catalogue:
        """The catalogue with its latest aggregates."""
        if self.latest_aggregates is None:
            return self
        return replace(self, aggregates=self.latest_aggregates)


def read_catalogue(
    patterns: Sequence[str],
    transform: tft.TFTransformOutput,
    features: Sequence[Feature],
    aggregates: Sequence[Aggregate],
    *,
    items: int,
) -> Catalogue:
    """Reads the transformed catalogue rows.

    Args:
        patterns: Globs of the files of the catalogue split.
        transform: The transform graph.
        features: All declared features.
        aggregates: All declared aggregates.
        items: Rows of the tables (Vocabulary.items).
    """
    declared = candidate_features(features)
    counts = np.zeros(items, np.int64)
    listed = np.zeros(items, np.bool_)
    available = always_available(items)
    tables: dict[str, npt.NDArray[Any]] = {
        f.name: np.zeros((items, 2), np.float32)
        if f.is_numeric
        else np.zeros((items, MAX_VALUES), np.int64)
        for f in declared
    }
    names = [aggregate.name for aggregate in aggregates_of(aggregates, Of.ITEM)]
    values = np.zeros((MOMENTS, items, len(names)), np.float32)
    for batch in read_rows(patterns, transform, batch_size=4096):
        row = _in_vocabulary(batch)
        ids = tf.reshape(row[keys.ITEM_ID], [-1]).numpy()
        counts[ids] = tf.reshape(row[keys.ITEM_COUNT], [-1]).numpy()
        listed[ids] = True
        available[ids] = _available(row)
        for feature in declared:
            tables[feature.name][ids] = _table_rows(feature, row[feature.name])
        for column, name in enumerate(names):
            values[:, ids, column] = row[name].to_tensor(shape=[None, MOMENTS]).numpy().T
    trimmed = {f.name: _trim(f, tables[f.name]) for f in declared}
    return Catalogue(counts, listed, available, trimmed, *values)


def _in_vocabulary(batch: dict[str, Any]) -> dict[str, Any]:
    """The rows of items with an id of their own: that of the unknown ones is no item's."""
    known = tf.reshape(batch[keys.ITEM_ID], [-1]) >= FIRST_ID
    return {key: tf.ragged.boolean_mask(values, known) for key, values in batch.items()}


def always_available(items: int) -> npt.NDArray[np.int64]:
    """Limits that no request lies outside of, int64 [items, 2]."""
    return np.tile(np.array([[0, _NEVER]]), (items, 1))


def _available(row: dict[str, Any]) -> npt.NDArray[np.int64]:
    """The limits of a batch, int64 [B, 2]; a limit that a row lacks reads as 0."""
    since, until = (
        tf.reshape(row[key], [-1]).numpy()
        for key in (keys.ITEM_AVAILABLE_FROM, keys.ITEM_AVAILABLE_TO)
    )
    return np.stack([since, np.where(until > 0, until, _NEVER)], axis=1)


def _table_rows(feature: Feature, values: Any) -> npt.NDArray[Any]:
    if feature.is_numeric:
        return np.asarray(values)
    return np.asarray(values.to_tensor(shape=[None, MAX_VALUES]))


def _trim(feature: Feature, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Drops trailing columns that no item uses; at least one stays."""
    if feature.is_numeric:
        return table
    return table[:, : max(1, int((table > 0).any(axis=0).sum()))]
