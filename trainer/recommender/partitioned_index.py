"""The two-level index, inside the graph, of core operations only.

A query is scored against the centroids of the blocks; the nearest blocks are read, 8 bits a
coordinate, and scored; the best few hundred are scored again in float32. What may not be shown
is taken out before anything is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from trainer.recommender.index import ExactIndex, Found
from trainer.recommender.limits import RuledOut, in_time
from trainer.recommender.partitions import Directions, Partitions
from trainer.recommender.tables import rows_of

_RESCORED = 256  # items scored in float32 at least
_NARROWEST = 1e-5  # spread of the vectors of a block at least: 1 - length of their mean squared
_PARALLEL = 4  # requests of a batch that are searched at a time


@dataclass(frozen=True)
class Probing:
    """How much of the index a query reads.

    Attributes:
        blocks: Nearest blocks that are read.
        longest: Longest list for which the recall was measured; longer ones are searched exactly.
    """

    blocks: int
    longest: int


class PartitionedIndex(tf.Module):
    """Reads only the blocks near the query."""

    def __init__(self, exact: ExactIndex, partitions: Partitions, probing: Probing) -> None:
        """Takes the exact index, for requests that rule out too much, and blocks of its items."""
        super().__init__()
        blocks, self.block = partitions.ids.shape
        self.exact = exact
        self.probed = min(probing.blocks, blocks)
        self.longest = min(probing.longest, self.probed * self.block)
        self.directions = Directions(partitions.means, self.probed / blocks)
        self.ids = _constant("block_ids", partitions.ids)
        self.codes = _constant("block_codes", partitions.codes)
        self.scales = _constant("block_scales", partitions.scales)
        self.centroids = _constant("centroids", partitions.centroids)
        self.concentrations = _constant("concentrations", concentrations(partitions))
        self.log_sizes = _constant(
            "log_block_sizes", np.log((partitions.ids > 0).sum(axis=1)).astype(np.float32)
        )
        # The place of each item in the table of blocks; items that are not listed have none.
        places = np.full(exact.vectors.shape[0], -1, np.int32)
        held = np.flatnonzero(partitions.ids.ravel()).astype(np.int32)
        places[partitions.ids.ravel()[held]] = held
        self.places = _constant("places", places)

    def search(self, queries: tf.Tensor) -> PartitionedSearch:
        """Scores the centroids for each query."""
        return PartitionedSearch(self, queries)


class PartitionedSearch:
    """The scores of the centroids, and what follows from them."""

    def __init__(self, index: PartitionedIndex, queries: tf.Tensor) -> None:
        """Takes query vectors, float32 [B, D]."""
        self._index, self._queries = index, queries
        self._centroid_scores = tf.matmul(queries, index.centroids, transpose_b=True)

    def best(self, ruled_out: RuledOut, count: tf.Tensor) -> Found:
        """See `Search`. Each request by itself: a batch needs no more memory than one request."""
        nearest = tf.math.top_k(self._centroid_scores, self._index.probed).indices
        inputs = [self._queries, nearest, ruled_out.ids]
        if ruled_out.time is not None:
            inputs.append(ruled_out.time)

        def one(parts: list[tf.Tensor]) -> Found:
            query, blocks, ids, *time = parts
            own = RuledOut(ids[tf.newaxis], time[0][tf.newaxis] if time else None)
            return _search(self._index, query, blocks, own, count)

        shape = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.bool))
        found: Found = tf.map_fn(
            one, inputs, fn_output_signature=shape, parallel_iterations=_PARALLEL
        )
        return found

    def log_normaliser(self, scale: tf.Tensor) -> tf.Tensor:
        """See `Search`; estimated from the blocks alone.

        The items of a block are taken for a von Mises-Fisher distribution around its centroid c
        with concentration k. Then E exp(s q.x) = C(k) / C(|k c + s q|) for a query q of unit
        length, and -log C(k) = a - v log(v + a) - log(a) / 2 up to a constant, where v = D / 2 - 1
        and a = sqrt(v^2 + k^2) (the uniform expansion of the Bessel function in it). Differences
        are written so that nothing cancels where a block is narrow and k large.
        """
        index, cosine = self._index, self._centroid_scores
        order = index.centroids.shape[1] / 2 - 1
        k = index.concentrations
        before = tf.sqrt(order**2 + tf.square(k))
        more = tf.square(scale) + 2.0 * k * scale * cosine
        after = tf.sqrt(tf.square(before) + more)
        step = more / (after + before)
        mean = step - order * tf.math.log1p(step / (order + before))
        terms = index.log_sizes + mean - 0.5 * tf.math.log1p(step / before)
        return tf.reduce_logsumexp(terms, axis=1, keepdims=True)


def concentrations(partitions: Partitions) -> np.ndarray:
    """Concentration of each block's vectors around its centroid, float32 [P].

    Estimated from the length of the mean (Banerjee et al., JMLR 2005, eq. 4.4), and bounded where
    all vectors of a block are the same.
    """
    length = partitions.lengths.astype(np.float64)
    spread = np.maximum(1.0 - length**2, _NARROWEST)
    found = length * (partitions.centroids.shape[1] - length**2) / spread
    return np.asarray(found, np.float32)


def _search(
    index: PartitionedIndex,
    query: tf.Tensor,
    blocks: tf.Tensor,
    ruled_out: RuledOut,
    count: tf.Tensor,
) -> Found:
    """One request: by the probed blocks where they have enough to choose from, else exactly."""

    def exactly() -> Found:
        ids, valid = index.exact.search(query[tf.newaxis]).best(ruled_out, count)
        return ids[0], valid[0]

    def by_blocks() -> Found:
        ids = tf.reshape(tf.gather(index.ids, blocks), [-1])
        scores, enough = _allowed(index, _coarse(index, query, blocks), ids, blocks, ruled_out)
        found: Found = tf.cond(enough, lambda: _rescored(index, query, ids, scores, count), exactly)
        return found

    found: Found = tf.cond(count <= index.longest, by_blocks, exactly)
    return found


def _coarse(index: PartitionedIndex, query: tf.Tensor, blocks: tf.Tensor) -> tf.Tensor:
    """Scores of the items of the blocks by their codes, float32 [N]."""
    codes = tf.cast(tf.gather(index.codes, blocks), tf.float32)
    codes = tf.reshape(codes, [-1, index.codes.shape[2]])
    scores = tf.matmul(query[tf.newaxis], codes, transpose_b=True)[0]
    return scores * tf.reshape(tf.gather(index.scales, blocks), [-1])


def _allowed(
    index: PartitionedIndex,
    scores: tf.Tensor,
    ids: tf.Tensor,
    blocks: tf.Tensor,
    ruled_out: RuledOut,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Scores [N], -inf where nothing may be shown, and whether enough is left to choose from.

    It is not where a request rules out more than half of what lies near it, for then the best of
    what is left may lie further off; nor where fewer items remain than are scored again.
    """
    scores = tf.where(ids > 0, scores, -float("inf"))
    near = tf.math.count_nonzero(ids, dtype=tf.int32)
    ruled_out_here = _places(index, blocks, ruled_out.ids[0])
    nothing = tf.fill(tf.shape(ruled_out_here)[:1], -float("inf"))
    scores = tf.tensor_scatter_nd_update(scores, ruled_out_here, nothing)
    left = tf.math.count_nonzero(tf.math.is_finite(scores), dtype=tf.int32)
    mostly = 2 * left >= near
    limits = index.exact.limits
    if limits.timed and ruled_out.time is not None:
        available = in_time(rows_of(limits.available, ids)[tf.newaxis], ruled_out.time)[0]
        scores = tf.where(available, scores, -float("inf"))
        left = tf.math.count_nonzero(tf.math.is_finite(scores), dtype=tf.int32)
    return scores, mostly & (left >= tf.minimum(_RESCORED, index.longest))


def _places(index: PartitionedIndex, blocks: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Where those of the items stand that lie in the blocks: int64 [X] -> int64 [H, 1]."""
    places = tf.gather(index.places, ids)
    # Floor division leaves the place -1 of an item without any in block -1, which is never probed.
    hits = tf.where((places // index.block)[:, tf.newaxis] == blocks)
    within = tf.cast(tf.gather(places, hits[:, 0]) % index.block, tf.int64)
    return (hits[:, 1] * index.block + within)[:, tf.newaxis]


def _rescored(
    index: PartitionedIndex,
    query: tf.Tensor,
    ids: tf.Tensor,
    scores: tf.Tensor,
    count: tf.Tensor,
) -> Found:
    """The best of the best, by their true scores."""
    several = tf.minimum(tf.maximum(2 * count, _RESCORED), tf.size(ids))
    coarse, places = tf.math.top_k(scores, several)
    ids = tf.cast(tf.gather(ids, places), tf.int64)
    true = tf.linalg.matvec(rows_of(index.exact.vectors, ids), query)
    true = tf.where(tf.math.is_finite(coarse), true, -float("inf"))
    values, best = tf.math.top_k(true, count)
    return tf.gather(ids, best), tf.math.is_finite(values)


def _constant(name: str, values: np.ndarray) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
