"""Recommenders as they are served: saved models, asked through their signatures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.diversity.trained import TrainedRun
from serving.inputs import query_inputs
from serving.query import Query
from trainer.recommender.assembly import assemble

_BATCH = 64
_WARM_UP = 5

Items = npt.NDArray[np.bytes_]


class Served:
    """A loaded recommender."""

    def __init__(self, folder: Path) -> None:
        self._model = tf.saved_model.load(str(folder))

    def lists(self, records: Sequence[bytes], k: int) -> Items:
        """The first k items for serialized rows, [N, k]."""
        serve = self._model.signatures["serving_default"]
        shown = [serve(examples=tf.constant(batch))["item_id"] for batch in _batches(records)]
        together: Items = np.concatenate([items.numpy()[:, :k] for items in shown])
        return together.astype(np.bytes_)

    def cosines(self, items: Items, catalogue: int) -> npt.NDArray[np.float32]:
        """Cosine of each pair of items, [N, N], as `similar_items` gives it.

        Args:
            items: Different item ids, sorted, [N].
            catalogue: Number of all items.
        """
        similar = self._model.signatures["similar_items"]
        cosine = np.eye(len(items), dtype=np.float32)
        for first in range(0, len(items), _BATCH):
            batch = items[first : first + _BATCH]
            near = similar(item_id=tf.constant(batch), top_k=tf.constant(catalogue))
            names = near["item_id"].numpy().astype(np.bytes_)
            column = np.minimum(np.searchsorted(items, names), len(items) - 1)
            row, place = np.nonzero(items[column] == names)
            cosine[first + row, column[row, place]] = near["score"].numpy()[row, place]
        return cosine

    def ask(self, query: Query, k: int) -> float:
        """Time of one request, seconds."""
        serve = self._model.signatures["recommend"]
        given: Mapping[str, Any] = {**query_inputs([query]), "top_k": np.int32(k)}
        specs = serve.structured_input_signature[1]
        inputs = {name: tf.constant(given[name], spec.dtype) for name, spec in specs.items()}
        began = time.perf_counter()
        serve(**inputs)["item_id"].numpy()
        return time.perf_counter() - began


def serve(run: TrainedRun, strength: float, folder: Path) -> Served:
    """Composes the trained parts at a strength of diversification, saves and loads them."""
    settings = run.settings.recommender.model_copy(update={"diversity": strength})
    assemble(run.sources, settings, run.settings.examples).served.save(folder)
    return Served(folder)


def median_times(sides: Sequence[Served], queries: Sequence[Query], k: int) -> list[float]:
    """Median time of a request of each side, which take turns; the first ones are not counted."""
    times = [[side.ask(query, k) for side in sides] for query in queries]
    return [statistics.median(of_side) for of_side in zip(*times[_WARM_UP:], strict=True)]


def _batches(records: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [records[first : first + _BATCH] for first in range(0, len(records), _BATCH)]
