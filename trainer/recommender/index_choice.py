"""Which index a catalogue gets, and how much of it a query reads."""

from __future__ import annotations

import functools
import logging
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.recommender.index import ExactIndex, Index
from trainer.recommender.limits import RuledOut
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import Directions, Floats, Partitions, partition
from trainer.settings import RecommenderSettings

logger = logging.getLogger(__name__)

# Both take the same time at about 10,000 items (`make bench-index`). From there to here, scoring
# every item costs less than a millisecond more, and misses none.
PARTITIONED_FROM = 50_000
# A query that would have to read more of the places than this is searched exactly.
_WORTHWHILE = 0.25
# Kept directions are learned anew where a query must read so many times the share of the blocks
# that it read when they were learned: the items have moved away from them.
_STALE = 1.25
_SMALLEST_BLOCK, _LARGEST_BLOCK = 16, 1024
_BATCH = 64

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Requests on which the recall is measured.

    Attributes:
        queries: Query vectors, float32 [N, D], N at least 1.
        times: When they are asked, int64 [N].
    """

    queries: npt.NDArray[np.float32]
    times: Ints


def choose_index(
    exact: ExactIndex,
    sample: Sample,
    settings: RecommenderSettings,
    *,
    longest: int,
    kept: Directions | None = None,
) -> Index:
    """The index that the settings ask for; `auto` decides by cost.

    Args:
        exact: The exact index of the catalogue.
        sample: Requests on which the recall is measured.
        settings: `index` and `index_recall` count.
        longest: Longest list that must have the recall.
        kept: What an earlier index over mostly the same items has learned. The recall is measured
            all the same, and what is kept is learned anew where it does not do any more.
    """
    listed = np.flatnonzero(exact.limits.listed.numpy())
    automatic = settings.index == "auto"
    if settings.index == "exact" or (automatic and len(listed) < PARTITIONED_FROM):
        return exact
    search = functools.partial(_partitioned, exact, listed, sample, settings.index_recall, longest)
    index, recall = search(None if kept is None else kept.means)
    if kept is not None and (
        recall < settings.index_recall or index.directions.share_read > _STALE * kept.share_read
    ):
        logger.info("The partitions that were kept do not do any more: they are learned anew.")
        index, _ = search(None)
    if automatic and index.probed * index.block > _WORTHWHILE * len(listed):
        logger.info("Too much of it would have to be read: the search stays exact.")
        return exact
    return index


def _partitioned(
    exact: ExactIndex,
    listed: Ints,
    sample: Sample,
    recall: float,
    longest: int,
    means: Floats | None,
) -> tuple[PartitionedIndex, float]:
    """The index of the listed items, and the recall that it has."""
    size = block_size(len(listed))
    partitions = partition(exact.vectors.numpy(), listed, block=size, means=means)
    index, found = probe(exact, partitions, sample, recall, longest=longest)
    logger.info(
        "Partitioned index: %d items in %d blocks of %d, %d of them are read; recall@%d %.4f.",
        *(len(listed), *partitions.ids.shape, index.probed, index.longest, found),
    )
    return index, found


def block_size(items: int) -> int:
    """Places of a block: a quarter of the root, to a power of two, so that both levels cost alike.

    >>> [block_size(n) for n in (100, 50_000, 1_000_000, 10**8)]
    [16, 64, 256, 1024]
    """
    size = 2 ** round(math.log2(max(1.0, math.sqrt(items) / 4)))
    return int(min(max(size, _SMALLEST_BLOCK), _LARGEST_BLOCK))


def probe(
    exact: ExactIndex, partitions: Partitions, sample: Sample, recall: float, *, longest: int
) -> tuple[PartitionedIndex, float]:
    """The index that reads no more blocks than the recall needs, and the recall that it has.

    How many blocks hold a share `recall` of the true neighbours is counted; then the index is
    measured, and reads more until it finds as many, or all there is.
    """
    blocks = len(partitions.ids)
    longest = min(longest, int(np.count_nonzero(partitions.ids)))
    truth = nearest(exact, sample, longest)
    probed = _blocks_with(partitions, sample, truth, recall)
    while True:
        index = PartitionedIndex(exact, partitions, Probing(probed, longest))
        found = recall_of(nearest(index, sample, index.longest), truth)
        if found >= recall or probed == blocks:
            return index, found
        probed = min(blocks, 1 + probed * 5 // 4)


def nearest(index: Index, sample: Sample, count: int) -> Ints:
    """The nearest available items of each sampled request, [N, count]; 0 where there are fewer."""

    @tf.function(reduce_retracing=True, autograph=False)
    def search(queries: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        ruled_out = RuledOut(tf.zeros([tf.shape(queries)[0], 0], tf.int64), times)
        ids, valid = index.search(queries).best(ruled_out, tf.constant(count))
        return tf.where(valid, ids, 0)

    batches = [slice(first, first + _BATCH) for first in range(0, len(sample.times), _BATCH)]
    parts = [search(sample.queries[batch], sample.times[batch]).numpy() for batch in batches]
    return np.concatenate(parts)


def recall_of(found: Ints, truth: Ints) -> float:
    """Share of the true neighbours that were found, over all requests; 1 where there are none."""
    hits = sum(
        len(np.intersect1d(row[row > 0], true)) for row, true in zip(found, truth, strict=True)
    )
    return hits / max(1, int(np.count_nonzero(truth)))


def _blocks_with(partitions: Partitions, sample: Sample, truth: Ints, recall: float) -> int:
    """How many of the nearest blocks hold a share of the true neighbours."""
    rows, places = np.nonzero(partitions.ids)
    block = np.zeros(1 + int(partitions.ids.max()), np.int64)
    block[partitions.ids[rows, places]] = rows
    counts = np.zeros(len(partitions.ids), np.int64)
    for query, true in zip(sample.queries, truth, strict=True):
        order = np.argsort(-(partitions.centroids @ query), kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        counts += np.bincount(rank[block[true[true > 0]]], minlength=len(counts))
    needed = recall * counts.sum()
    return 1 + int(np.argmax(np.cumsum(counts) >= needed))
