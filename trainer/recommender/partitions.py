"""Learned partitions of the item vectors: blocks of near items, of one size, in few bits.

Spherical k-means (Dhillon and Modha, Machine Learning 2001) on a bounded sample finds the
partitions; one with more items than a block holds is halved along its widest direction until the
parts fit. So a block is contiguous in memory, and is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_ROUNDS = 6
_SAMPLED = 24  # items that each partition learns from
_LARGEST_SAMPLE = 400_000
_FULL = 0.8  # share of a block that a partition of average size fills
_CHUNK = 8192


@dataclass(frozen=True)
class Partitions:
    """Blocks of items: P blocks with S places each.

    Attributes:
        ids: Item ids, int32 [P, S]; 0 in empty places, which come last in a block.
        centroids: Direction of the mean of each block's vectors, of unit length, float32 [P, D].
        lengths: Length of that mean: near 1 where the block is narrow, float32 [P].
        codes: Vectors over their scale, rounded, int8 [P, S, D].
        scales: Largest coordinate of each vector over 127, float32 [P, S].
        means: Directions that the items were dealt by before blocks were halved, float32 [C, D].
    """

    ids: npt.NDArray[np.int32]
    centroids: Floats
    lengths: Floats
    codes: npt.NDArray[np.int8]
    scales: Floats
    means: Floats


@dataclass(frozen=True)
class Directions:
    """What was learned for an earlier index over mostly the same items.

    Attributes:
        means: Of its partitions, float32 [C, D].
        share_read: Share of its blocks that a query read.
    """

    means: Floats
    share_read: float


def partition(
    vectors: Floats, ids: Ints, *, block: int, seed: int = 0, means: Floats | None = None
) -> Partitions:
    """Partitions items.

    Args:
        vectors: Unit vectors by item id, [V, D].
        ids: The items to hold, at least one.
        block: Places of a block S.
        seed: Of the sample and of the first centroids; the same seed gives the same partitions.
        means: Directions to deal the items by; None learns them from the items.
    """
    held = vectors[ids]
    if means is None:
        means = _spherical_k_means(held, max(1, round(len(ids) / (_FULL * block))), seed)
    nearest = _assign(held, means)
    order = np.argsort(nearest, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(nearest[order])) + 1)
    parts = [part for group in groups for part in _halves(held, group, block)]
    table = np.zeros((len(parts), block), np.int32)
    for row, part in zip(table, parts, strict=True):
        row[: len(part)] = np.sort(ids[part])
    return _described(vectors, table, means)


def _described(vectors: Floats, ids: npt.NDArray[np.int32], means: Floats) -> Partitions:
    """Centroids and codes of blocks of items."""
    blocks, size = ids.shape
    centroids = np.zeros((blocks, vectors.shape[1]), np.float32)
    codes = np.zeros((blocks, size, vectors.shape[1]), np.int8)
    scales = np.zeros((blocks, size), np.float32)
    for block, row in enumerate(ids):
        members = vectors[row[row > 0]]
        centroids[block] = members.mean(axis=0)
        scale = np.maximum(np.abs(members).max(axis=1), np.finfo(np.float32).tiny) / 127
        codes[block, : len(members)] = np.rint(members / scale[:, np.newaxis])
        scales[block, : len(members)] = scale
    lengths = np.linalg.norm(centroids, axis=1)
    centroids /= np.maximum(lengths, 1e-12)[:, np.newaxis]
    return Partitions(ids, centroids, lengths, codes, scales, means)


def _spherical_k_means(vectors: Floats, count: int, seed: int) -> Floats:
    """Centroids of unit length, [count, D]."""
    rng = np.random.default_rng(seed)
    size = min(len(vectors), max(count, min(_SAMPLED * count, _LARGEST_SAMPLE)))
    sample = vectors[np.sort(rng.choice(len(vectors), size, replace=False))]
    centroids = sample[rng.choice(size, min(count, size), replace=False)]
    places = np.arange(size)
    for _ in range(_ROUNDS):
        nearest = _assign(sample, centroids)
        shape = (len(centroids), size)
        sums = csr_array((np.ones(size, np.float32), (nearest, places)), shape=shape) @ sample
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # A centroid that lost all its items stays where it is.
        centroids = np.where(lengths > 1e-6, sums / np.maximum(lengths, 1e-6), centroids)
    return centroids


def _assign(vectors: Floats, centroids: Floats) -> Ints:
    """The nearest centroid of each vector."""
    chunks = (vectors[first : first + _CHUNK] for first in range(0, len(vectors), _CHUNK))
    return np.concatenate([np.argmax(chunk @ centroids.T, axis=1) for chunk in chunks])


def _halves(vectors: Floats, members: Ints, block: int) -> Iterator[Ints]:
    """Parts of a group that fit into a block."""
    if len(members) <= block:
        yield members
        return
    centred = vectors[members] - vectors[members].mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    order = members[np.argsort(centred @ directions[:, -1], kind="stable")]
    middle = len(order) // 2
    yield from _halves(vectors, order[:middle], block)
    yield from _halves(vectors, order[middle:], block)
