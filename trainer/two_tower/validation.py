"""How good a retriever is on the held-out requests, and whether it tells them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.collapse import DistinctRequests, concentration, effective_lists
from trainer.fitting import ndcg_of_ranks
from trainer.sequences import is_repeat
from trainer.two_tower.model import TwoTower
from trainer.two_tower.slices import Slices

METRIC_K = 10
_MANY_ITEMS = 10 * METRIC_K  # of fewer, most lists share items
_ROOMY = 30 * METRIC_K  # items that have room for many more lists than a collapsed model shows


class Validation:
    """NDCG@10 of the held-out requests over the whole catalogue.

    Where lists leave out what was seen, seen items are removed, and requests for one do not count.
    """

    def __init__(
        self,
        model: TwoTower,
        catalogue: Catalogue,
        rows: list[dict[str, Any]],
        *,
        exclude_seen: bool,
    ) -> None:
        """Measures `model` on batches of held-out rows, by lists with or without seen items."""
        self._rows = rows
        self._exclude_seen = exclude_seen
        self._model = model
        self._listed = catalogue.listed
        ids = tf.TensorSpec([None], tf.int64)
        self._vectors = tf.function(model.item_vectors, input_signature=[ids])
        self._queries = tf.function(model.call, reduce_retracing=True)
        self._distinct = DistinctRequests(rows, model.length)
        self._shown: list[npt.NDArray[np.int64]] = []

    def __call__(self) -> float:
        """Measures the model as it is."""
        items = Slices(
            self._listed,
            lambda ids: self._vectors(ids).numpy(),
            METRIC_K,
            exclude_seen=self._exclude_seen,
        )
        ranks, shown = [], []
        for batch, row in enumerate(self._rows):
            queries = self._queries(row).numpy()
            rank, first = items.standing(queries, row, self._distinct.of(batch))
            ranks.append(rank[~is_repeat(row).numpy()] if self._exclude_seen else rank)
            shown.append(first)
        self._shown = shown
        return ndcg_of_ranks(np.concatenate(ranks), METRIC_K)

    def alike(self) -> float | None:
        """How far the lists that were measured last show the same items, see `concentration`.

        Seen items are in these lists: without them, even one list for all would differ by person.

        Returns:
            None where items or requests are too few to tell.
        """
        if self._listed.sum() < _MANY_ITEMS or not self._distinct.enough:
            return None
        return concentration(np.concatenate(self._shown), METRIC_K)

    def lists(self) -> float | None:
        """How many lists those that were measured last amount to, see `effective_lists`.

        Returns:
            None where items or requests are too few to tell.
        """
        if self._listed.sum() < _ROOMY or not self._distinct.enough:
            return None
        return effective_lists(np.concatenate(self._shown))
