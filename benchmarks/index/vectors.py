"""Vectors as a two-tower model learns them: clustered, of unequal density, and not round.

Items stand in groups (tastes, genres, brands) around centres, which themselves stand in families.
A few groups hold most items (Zipf). Variance is spread unequally over the dimensions, both between
groups and inside of one, whose directions are its own; groups differ in how wide they are. Queries
lie where users look: near an item of a group, further from it than items of a group are from each
other, and many a one between two groups. Everything has unit length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_FAMILIES, _ITEMS_A_GROUP = 40, 400
_CHUNK = 65_536


def draw(items: int, queries: int, dimension: int, seed: int) -> tuple[Floats, Floats]:
    """Item vectors [items, dimension] and query vectors [queries, dimension]."""
    rng = np.random.default_rng(seed)
    groups = max(_FAMILIES, items // _ITEMS_A_GROUP)
    spread = (1.0 + np.arange(dimension)) ** -0.5
    families = rng.normal(size=(_FAMILIES, dimension)) * spread
    centres = families[rng.integers(_FAMILIES, size=groups)]
    centres = _unit(centres + 0.8 * rng.normal(size=(groups, dimension)) * spread)
    weight = (1.0 + np.arange(groups)) ** -0.7
    group = rng.choice(groups, items, p=weight / weight.sum())
    width = rng.lognormal(-0.5, 0.4, groups)
    order = rng.integers(dimension, size=groups)
    vectors = np.empty((items, dimension), np.float32)
    for first in range(0, items, _CHUNK):
        of = group[first : first + _CHUNK]
        inside = spread[(np.arange(dimension) + order[of, None]) % dimension]
        noise = rng.normal(size=inside.shape) * inside * width[of, None]
        vectors[first : first + _CHUNK] = _unit(centres[of] + noise / np.linalg.norm(spread))
    near, second = rng.integers(items, size=(2, queries))
    between = rng.uniform(0.0, 0.5, (queries, 1))
    looked_at = (1 - between) * vectors[near] + between * vectors[second]
    noise = 0.5 * rng.normal(size=(queries, dimension)) / np.sqrt(dimension)
    return vectors, _unit(looked_at + noise).astype(np.float32)


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    unit: npt.NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
