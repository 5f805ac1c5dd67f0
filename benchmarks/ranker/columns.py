"""What the trees see of a candidate: all that the ranker is told, as numbers of one table.

A history cannot be a column. Its place is taken by what one would make of it by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.aggregates import AggregateInputs
from trainer.catalogue import Catalogue
from trainer.sequences import GAP_BUCKETS, request_history
from trainer.vocabulary import Vocabulary
from transform import features as keys
from transform.aggregates import Aggregate
from transform.features import Feature, candidate_features, query_features

Columns = npt.NDArray[np.float32]

_HOUR, _DAY = 3600, 86_400


class CandidateColumns:
    """Columns of the candidates of transformed rows."""

    def __init__(
        self,
        features: Sequence[Feature],
        aggregates: Sequence[Aggregate],
        catalogue: Catalogue,
        vocabulary: Vocabulary,
        length: int,
    ) -> None:
        """`length` is the number of history events that the ranker sees."""
        self._features = features
        self._catalogue = catalogue
        self._length = length
        self._tables = {n: tf.constant(table) for n, table in catalogue.features.items()}
        self._aggregates = AggregateInputs(
            aggregates, lambda name, ids: tf.gather(self._tables[name], ids), vocabulary.features
        )
        self.is_category: npt.NDArray[np.bool_] = np.empty(0, np.bool_)

    def __call__(self, row: dict[str, Any]) -> Columns:
        """Columns of the candidates of a batch, lists one after the other: [N, F]."""
        ids = row[keys.CANDIDATE_ITEM_ID].to_tensor()
        parts = [
            *self._of_item(ids.numpy()),
            *self._of_request(row, ids.shape[1]),
            *self._of_history(row, ids.numpy()),
        ]
        values = self._aggregates.columns(row, ids, self._aggregates.item_values(row))
        numbers = [value.numpy() for value in values]
        kinds = [is_category for is_category, _ in parts]
        self.is_category = np.array(kinds + [False] * sum(n.shape[1] for n in numbers))
        flat = [np.asarray(values, np.float32).reshape(-1, 1) for _, values in parts]
        there = row[keys.CANDIDATE_ITEM_ID].row_lengths().numpy()
        is_there = np.arange(ids.shape[1]) < there[:, np.newaxis]
        columns: Columns = np.concatenate([*flat, *numbers], axis=1)[is_there.reshape(-1)]
        return columns

    def is_drawable(self, row: dict[str, Any]) -> npt.NDArray[np.bool_]:
        """Which of these candidates training knows: from such ones others are drawn, bool [N]."""
        ids = row[keys.CANDIDATE_ITEM_ID].flat_values.numpy()
        known: npt.NDArray[np.bool_] = self._catalogue.counts[ids] > 0
        return known

    def _of_item(self, ids: npt.NDArray[np.int64]) -> list[tuple[bool, Any]]:
        declared = candidate_features(self._features)
        own = [(not f.is_numeric, self._catalogue.features[f.name][ids, 0]) for f in declared]
        return [(True, ids), (False, self._catalogue.counts[ids]), *own]

    def _of_request(self, row: dict[str, Any], candidates: int) -> list[tuple[bool, Any]]:
        time = row[keys.REQUEST_TIME].numpy().reshape(-1)
        parts = [(False, time // _HOUR % 24), (False, time // _DAY % 7)]
        for feature in query_features(self._features):
            value = row[feature.name]
            first = value if feature.is_numeric else value.to_tensor(shape=[None, 1])
            parts.append((not feature.is_numeric, first.numpy()[:, 0]))
        return [(is_category, np.repeat(values, candidates)) for is_category, values in parts]

    def _of_history(
        self, row: dict[str, Any], ids: npt.NDArray[np.int64]
    ) -> list[tuple[bool, Any]]:
        """Length, last item and gap of a history; how often it holds the candidate and its kind."""
        history = {key: value.numpy() for key, value in request_history(row, self._length).items()}
        items = history["items"]
        # Who has done nothing yet did it longest ago.
        gap = np.where(items > 0, history["gaps"], GAP_BUCKETS)[:, -1:]
        parts: list[tuple[bool, Any]] = [
            (False, np.broadcast_to((items > 0).sum(axis=1)[:, np.newaxis], ids.shape)),
            (True, np.broadcast_to(items[:, -1:], ids.shape)),
            (False, np.broadcast_to(gap, ids.shape)),
            (False, _share(items, ids, items > 0)),
        ]
        for feature in candidate_features(self._features):
            if not feature.is_numeric:
                kind = self._catalogue.features[feature.name][:, 0]
                parts.append((False, _share(kind[items], kind[ids], items > 0)))
                parts.append((True, np.broadcast_to(kind[items[:, -1:]], ids.shape)))
            else:
                value = self._catalogue.features[feature.name][:, 0]
                usual = np.where(items > 0, value[items], 0.0).sum(axis=1)
                usual /= np.maximum((items > 0).sum(axis=1), 1)
                parts.append((False, value[ids] - usual[:, np.newaxis]))
        return parts


def _share(
    history: npt.NDArray[Any], candidates: npt.NDArray[Any], present: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """Share of the events of a history [B, L] that are like each candidate [B, C]."""
    like = (history[:, np.newaxis] == candidates[..., np.newaxis]) & present[:, np.newaxis]
    share: npt.NDArray[Any] = like.sum(axis=2) / np.maximum(present.sum(axis=1), 1)[:, np.newaxis]
    return share
