"""A catalogue of clustered vectors, and an exact index over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.catalogue import Catalogue, always_available
from trainer.recommender.index import ExactIndex
from trainer.recommender.limits import Limits

D = 8
Floats = npt.NDArray[np.float32]


def unit(vectors: npt.NDArray[np.float64]) -> Floats:
    normed: Floats = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return normed


def clustered(items: int, seed: int = 0, *, width: float = 0.25) -> Floats:
    """Unit vectors by item id in 30 clusters, [items + 2, D]; the first two rows are zero."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, D))
    vectors = centres[rng.integers(30, size=items)] + width * rng.normal(size=(items, D))
    return np.concatenate([np.zeros((2, D), np.float32), unit(vectors)])


def exact_index(
    vectors: Floats,
    unlisted: tuple[int, ...] = (),
    available: dict[int, tuple[int, int]] | None = None,
) -> ExactIndex:
    """An exact index; items 0, 1 and `unlisted` are never shown."""
    items = len(vectors)
    listed = np.arange(items) >= 2
    listed[list(unlisted)] = False
    limits = always_available(items)
    for item, limit in (available or {}).items():
        limits[item] = limit
    nothing = np.zeros((items, 0), np.float32)
    catalogue = Catalogue(np.zeros(items, np.int64), listed, limits, {}, nothing)
    return ExactIndex(tf.Variable(vectors), Limits(catalogue))
