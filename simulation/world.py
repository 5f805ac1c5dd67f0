"""The shop's catalogue and its truth: categories, popularity, and what is bought after what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY = 24 * 3600
_WORDS = ("amber", "bold", "calm", "deep", "early", "fine", "grand", "high", "inner", "just")
_THINGS = ("garden", "harbour", "island", "journey", "lantern", "meadow", "night", "orchard")
# Share of items that come into the shop only in the last part of the log.
_NEW_ITEM_SHARE = 0.1
_POPULARITY_EXPONENT = 0.8


@dataclass(frozen=True)
class World:
    """Everything that does not depend on users.

    Attributes:
        start: First moment of the log (unix seconds).
        end: First moment after it.
        category: Category of each item.
        popularity: Weight of each item among those of its category.
        successor: The item that tends to follow each item (of the same category).
        available_from: When each item came into the shop (unix seconds).
        price: Price of each item.
        categories: Number of categories.
    """

    start: int
    end: int
    category: Ints
    popularity: Floats
    successor: Ints
    available_from: Ints
    price: Floats
    categories: int

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.category)


def make_world(items: int, days: int, start: int, seed: int) -> World:
    """Draws a catalogue.

    Args:
        items: Number of items, at least 2.
        days: Days that the log covers.
        start: First moment of the log (unix seconds).
        seed: Seed; the same arguments give the same world.
    """
    if items < 2:
        raise ValueError(f"A shop needs at least 2 items. Received: {items}.")
    rng = np.random.default_rng([seed, 0])
    categories = max(1, min(20, items // 5))
    category = np.sort(rng.integers(0, categories, items))
    category[:categories] = np.arange(categories)
    category.sort()
    rank = np.arange(items) - np.searchsorted(category, category)
    end = start + days * DAY
    is_new = (rng.random(items) < _NEW_ITEM_SHARE) & (rank > 0)
    late = rng.integers(start + (end - start) // 2, end, items)
    return World(
        start=start,
        end=end,
        category=category,
        popularity=np.power(rank + 1.0, -_POPULARITY_EXPONENT, dtype=np.float64),
        successor=_successors(category, rng),
        available_from=np.where(is_new, late, start),
        price=np.round(np.exp(rng.normal(2.5, 0.8, items)), 2),
        categories=categories,
    )


def _successors(category: Ints, rng: np.random.Generator) -> Ints:
    """One cycle through the items of each category, in random order."""
    successor = np.empty(len(category), np.int64)
    for members in np.split(np.arange(len(category)), np.flatnonzero(np.diff(category)) + 1):
        cycle = rng.permutation(members)
        successor[cycle] = np.roll(cycle, -1)
    return successor


def item_ids(items: Ints) -> pl.Series:
    """Ids of item numbers."""
    return "i" + pl.Series("item_id", items).cast(pl.String).str.zfill(6)


def items_table(world: World) -> pl.DataFrame:
    """The items dataset: id, category, title, price, availability."""
    number = pl.Series(np.arange(world.items))
    category = pl.Series(world.category)
    words = pl.Series(_WORDS).gather(number % len(_WORDS))
    things = pl.Series(_THINGS).gather(category % len(_THINGS))
    return pl.DataFrame(
        {
            "item_id": item_ids(np.arange(world.items)),
            "category": "category " + category.cast(pl.String),
            "title": words + " " + things + " " + number.cast(pl.String),
            "price": world.price,
            "available_from": world.available_from,
        }
    )


def items_truth(world: World) -> pl.DataFrame:
    """What only the simulation knows of items: true popularity and successor."""
    return pl.DataFrame(
        {
            "item_id": item_ids(np.arange(world.items)),
            "popularity": world.popularity,
            "successor_id": item_ids(world.successor),
        }
    )
