"""How good a retriever is on the held-out requests, and whether it tells them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.collapse import DistinctRequests, concentration
from trainer.fitting import ndcg_of_ranks
from trainer.two_tower.model import TwoTower
from transform import features as keys

METRIC_K = 10
_MANY_ITEMS = 10 * METRIC_K  # of fewer, most lists share items
_DECIMALS = 5  # of a cosine; the rest is rounding, and would order items that are alike


class Validation:
    """NDCG@10 of the held-out requests over the whole catalogue, seen items removed."""

    def __init__(self, model: TwoTower, catalogue: Catalogue, rows: list[dict[str, Any]]) -> None:
        """Measures `model` on batches of held-out rows."""
        self._rows = rows
        self._model = model
        self._ids = tf.constant(np.flatnonzero(catalogue.listed), tf.int64)
        self._vectors = tf.function(model.item_vectors)
        self._queries = tf.function(model.call, reduce_retracing=True)
        self._distinct = DistinctRequests(rows, model.length)
        self._shown: list[npt.NDArray[np.int64]] = []

    def __call__(self) -> float:
        """Measures the model as it is."""
        vectors = self._vectors(self._ids).numpy()
        ids = self._ids.numpy()
        self._shown = []
        ranks = []
        for batch, row in enumerate(self._rows):
            scores = self._scores(row, ids, vectors)
            self._shown.append(_first(scores[self._distinct.of(batch)]))
            ranks.append(_ranks(scores, row))
        return ndcg_of_ranks(np.concatenate(ranks), METRIC_K)

    def alike(self) -> float | None:
        """How far the lists that were measured last show the same items, see `concentration`.

        Seen items are in these lists: without them, even one list for all would differ by person.

        Returns:
            None where items or requests are too few to tell.
        """
        if len(self._ids) < _MANY_ITEMS or not self._distinct.enough:
            return None
        return concentration(np.concatenate(self._shown), METRIC_K)

    def _scores(self, row: dict[str, Any], ids: Any, vectors: Any) -> npt.NDArray[np.float32]:
        """Cosines by item id, float32 [B, V]; -inf for ids that are not listed."""
        queries = self._queries(row).numpy()
        scores = np.full((len(queries), ids.max() + 1), -np.inf, np.float32)
        scores[:, ids] = queries @ vectors.T
        return scores


def _first(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The first items of each list [N, K]; of items that are alike, those with the lower ids."""
    k = min(METRIC_K, scores.shape[1])
    first: npt.NDArray[np.int64] = tf.math.top_k(np.round(scores, _DECIMALS), k).indices.numpy()
    return first


def _ranks(scores: npt.NDArray[np.float32], row: dict[str, Any]) -> npt.NDArray[np.int64]:
    """Rank of each row's target, 0 for the best; `scores` lose the row's items.

    An item that scores like the target stands before it, and so does one whose score is no number:
    a model that tells nothing apart is not perfect.
    """
    every = np.arange(len(scores))
    target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1]).numpy()
    own = scores[every, target]
    history = row[keys.HISTORY_ITEM_ID]
    scores[history.value_rowids().numpy(), history.flat_values.numpy()] = -np.inf
    scores[every, target] = -np.inf
    ranks: npt.NDArray[np.int64] = (~(scores < own[:, np.newaxis])).sum(axis=1)
    return ranks
