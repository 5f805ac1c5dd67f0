"""Our side: both indexes as graphs, asked as a model server asks them.

`python -m benchmarks.index.graph_side FOLDER THREADS SAID`
"""

from __future__ import annotations

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.index.points import (
    CHOSEN,
    EXACT,
    PARTITIONED,
    Floats,
    Ints,
    Point,
    as_facts,
    measure,
)
from benchmarks.said import report
from trainer.catalogue import Catalogue, always_available
from trainer.recommender.index import ExactIndex, Index
from trainer.recommender.index_choice import Sample, block_size, probe
from trainer.recommender.limits import Limits, RuledOut
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import Partitions, partition
from trainer.settings import RecommenderSettings

_SIZES = (10_000, 30_000, 100_000, 300_000)
_MORE_OR_LESS = (0.25, 0.5, 2.0, 4.0)
_EXCLUDED = 50  # items that a request rules out: a history


def main() -> None:
    """Measures the whole catalogue, and parts of it for the rule of costs."""
    folder, threads, said = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    vectors, queries, learned = (
        np.load(folder / f"{n}.npy") for n in ("items", "queries", "sample")
    )
    k = int(np.load(folder / "k.npy"))
    sizes = [size for size in _SIZES if size < len(vectors)]
    by_size = {str(n): as_facts(_both(vectors[:n], queries, learned, k)[0]) for n in sizes}
    points, truth, seconds = _both(vectors, queries, learned, k, more=_MORE_OR_LESS)
    np.save(folder / "truth.npy", truth)
    by_size[str(len(vectors))] = as_facts(p for p in points if p.setting in ("", CHOSEN))
    report(said, points=as_facts(points), by_size=by_size, build_seconds=seconds)


def _both(
    vectors: Floats, queries: Floats, learned: Floats, k: int, more: tuple[float, ...] = ()
) -> tuple[list[Point], Ints, float]:
    """Points of both indexes, the truth as rows of the vectors, and the time to build ours.

    Args:
        vectors: Items, [N, D].
        queries: What is measured, [Q, D].
        learned: Other queries, from which it follows how much is read.
        k: Length of the lists.
        more: Further numbers of blocks, over the one that is chosen.
    """
    exact = _exact(vectors)
    ask = _asked(exact, k)
    truth = np.stack([ask(query[np.newaxis]) for query in queries])
    points = [measure(EXACT, "", ask, queries, truth)]
    began = time.perf_counter()
    partitions = partition(
        exact.vectors.numpy(), np.arange(2, len(vectors) + 2), block=block_size(len(vectors))
    )
    sample = Sample(learned, np.zeros(len(learned), np.int64))
    recall = RecommenderSettings().index_recall
    chosen, _ = probe(exact, partitions, sample, recall, longest=k)
    seconds = time.perf_counter() - began
    points.append(measure(PARTITIONED, CHOSEN, _asked(chosen, k), queries, truth))
    for share in more:
        index = _reading(exact, partitions, round(share * chosen.probed), k)
        setting = f"{index.probed} of {len(partitions.ids)} blocks"
        points.append(measure(PARTITIONED, setting, _asked(index, k), queries, truth))
    return points, truth, seconds


def _reading(exact: ExactIndex, partitions: Partitions, blocks: int, k: int) -> PartitionedIndex:
    return PartitionedIndex(exact, partitions, Probing(max(1, blocks), k))


def _exact(vectors: Floats) -> ExactIndex:
    items, dimension = len(vectors) + 2, vectors.shape[1]
    table = np.concatenate([np.zeros((2, dimension), np.float32), vectors])
    catalogue = Catalogue(
        np.zeros(items, np.int64),
        np.arange(items) >= 2,
        always_available(items),
        {},
        np.zeros((items, 0), np.float32),
    )
    return ExactIndex(tf.Variable(table), Limits(catalogue))


def _asked(index: Index, k: int) -> Callable[[Floats], Ints]:
    """The search as a graph: one query [1, D] -> rows of the vectors [k]."""

    @tf.function(reduce_retracing=True)
    def search(query: tf.Tensor, excluded: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
        return index.search(query).best(RuledOut(excluded, now), tf.constant(k))[0]

    # Padding: as much work as a history, and the peers can leave nothing out.
    excluded, now = tf.zeros([1, _EXCLUDED], tf.int64), tf.zeros([1], tf.int64)

    def ask(query: Floats) -> Ints:
        found: Ints = search(tf.constant(query), excluded, now).numpy()[0] - 2
        return found

    return ask


if __name__ == "__main__":
    main()
