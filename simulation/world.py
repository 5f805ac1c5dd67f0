"""The shop's goods and their truth: what they are like, how popular, what follows what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Bools, Factors, Floats, Ints
from simulation.plan import DAY, START, Plan

FACTORS = 8
NEVER = np.iinfo(np.int64).max
MOST_CATEGORIES = 20

_RESIDUAL = 0.5  # standard deviation of an item's factors around those of its category
_POPULARITY_EXPONENT = 0.8
_NEW_SHARE, _RETIRED_SHARE = 0.15, 0.05
_LONGEST_ON_SALE = 365 * DAY  # before the log begins


@dataclass(frozen=True)
class World:
    """Everything that does not depend on users. Before and after a drift lie two eras.

    Attributes:
        category: Category of each item.
        centroids: Factors of each category [categories, FACTORS], unit vectors.
        factors: Factors of each item [items, FACTORS]: its category's and a residual of its own.
        quality: What all users see alike in an item, in log-odds; standard normal.
        popularity: Weight of each item among those of its category [eras, items].
        successor: The item that tends to follow each item (of the same category).
        price: Price of each item.
        dearness: Price against those of its category, in standard deviations of its logarithm.
        available_from: When each item came into the shop (unix seconds).
        available_to: When it went (unix seconds), or NEVER.
        drift_time: When the second era begins (unix seconds), or None.
    """

    category: Ints
    centroids: Factors
    factors: Factors
    quality: Floats
    popularity: Floats
    successor: Ints
    price: Floats
    dearness: Floats
    available_from: Ints
    available_to: Ints
    drift_time: int | None

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.category)

    @property
    def categories(self) -> int:
        """Number of categories."""
        return len(self.centroids)

    def era(self, moment: int) -> int:
        """0 before a drift, 1 from then on."""
        return int(self.drift_time is not None and moment >= self.drift_time)


def make_world(plan: Plan) -> World:
    """Draws a world; the same plan gives the same one."""
    rng = np.random.default_rng([plan.seed, 0])
    items = plan.items
    categories = max(1, min(MOST_CATEGORIES, items // 5))
    category = rng.permutation(np.arange(items) % categories)
    centroids = rng.normal(size=(categories, FACTORS))
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    factors = centroids[category] + rng.normal(0, _RESIDUAL, (items, FACTORS))
    quality = rng.normal(size=items)
    dearness = rng.normal(size=items)
    usual_price = rng.normal(2.5, 0.6, categories)
    available_from, available_to = _availability(plan, category, rng)
    return World(
        category=category,
        centroids=centroids.astype(np.float32),
        factors=factors.astype(np.float32),
        quality=quality,
        popularity=np.stack([_popularity(category, quality, rng) for _ in range(2)]),
        successor=_successors(category, rng),
        price=np.round(np.exp(usual_price[category] + 0.5 * dearness), 2),
        dearness=dearness,
        available_from=available_from,
        available_to=available_to,
        drift_time=plan.drift_time,
    )


def _popularity(category: Ints, quality: Floats, rng: np.random.Generator) -> Floats:
    """Falls with the rank within the category; good items tend to rank high."""
    order = np.lexsort((-quality - rng.normal(size=len(quality)), category))
    ordered = category[order]
    rank = np.empty(len(category), np.int64)
    rank[order] = np.arange(len(category)) - np.searchsorted(ordered, ordered)
    weight: Floats = np.power(rank + 1.0, -_POPULARITY_EXPONENT, dtype=np.float64)
    return weight


def _successors(category: Ints, rng: np.random.Generator) -> Ints:
    """One cycle through the items of each category, in random order."""
    successor = np.empty(len(category), np.int64)
    for number in range(int(category.max()) + 1):
        cycle = rng.permutation(np.flatnonzero(category == number))
        successor[cycle] = np.roll(cycle, -1)
    return successor


def _availability(plan: Plan, category: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """From when to when items are on sale; one item of each category is never new nor retired."""
    items = plan.items
    fixture: Bools = np.zeros(items, bool)
    fixture[np.unique(category, return_index=True)[1]] = True
    fate = rng.random(items)
    is_new = ~fixture & (fate < _NEW_SHARE)
    is_retired = ~fixture & (fate > 1 - _RETIRED_SHARE)
    within_log = rng.integers(START, plan.end, items)
    before_log = rng.integers(START - _LONGEST_ON_SALE, START, items)
    return (
        np.where(is_new, within_log, before_log),
        np.where(is_retired, np.maximum(within_log, START + 2 * DAY), NEVER),
    )
