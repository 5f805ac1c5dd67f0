"""The items dataset, and the truth about items beside it.

The words of an item come from its category and from its own factors, so that its text says what
an item is like that nobody has touched yet.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.arrays import Bools, Ints, ids
from simulation.words import CATEGORIES, FACETS, FILLERS
from simulation.world import FACTORS, NEVER, World

_TELLING = 0.25  # residual from which on a factor is worth a word
_CATEGORY_WORDS, _FILLERS = 3, 4


def item_ids(items: Ints) -> pl.Series:
    """Ids of item numbers."""
    return ids("i", items, 7)


def items_table(world: World, seed: int) -> pl.DataFrame:
    """The items dataset: id, category, title, description, price, availability."""
    rng = np.random.default_rng([seed, 1])
    number = np.arange(world.items)
    title, description = _texts(world, rng)
    return pl.DataFrame(
        {
            "item_id": item_ids(number),
            "category": category_names(world.category),
            "title": title + " " + pl.Series(number).cast(pl.String),
            "description": description,
            "price": world.price,
            "available_from": world.available_from,
            "available_to": pl.Series(world.available_to).replace(NEVER, None),
        }
    )


def items_truth(world: World) -> pl.DataFrame:
    """What only the simulation knows of items: factors, quality, popularity, successor."""
    return pl.DataFrame(
        {
            "item_id": item_ids(np.arange(world.items)),
            "factors": pl.Series(world.factors, dtype=pl.Array(pl.Float32, FACTORS)),
            "quality": world.quality,
            "dearness": world.dearness,
            "popularity": world.popularity[0],
            "popularity_after_drift": world.popularity[1],
        }
    )


def successors_truth(world: World) -> pl.DataFrame:
    """What tends to follow what."""
    return pl.DataFrame(
        {
            "item_id": item_ids(np.arange(world.items)),
            "successor_id": item_ids(world.successor),
        }
    )


def category_names(categories: Ints) -> pl.Series:
    """Names of category numbers."""
    return _gather([words[0] for words in CATEGORIES], categories)


def _texts(world: World, rng: np.random.Generator) -> tuple[pl.Series, pl.Series]:
    """Titles (without the number) and descriptions."""
    thing = _thing(world.category, rng)
    residual = world.factors - world.centroids[world.category]
    facets = [_facet(residual[:, k] > 0, k, rng) for k in range(FACTORS)]
    strongest = np.argmax(np.abs(residual), axis=1)
    title = pl.concat(facets).gather(strongest * world.items + np.arange(world.items))
    weak = np.abs(residual) < _TELLING
    told = [facet.set(pl.Series(weak[:, k]), None) for k, facet in enumerate(facets)]
    parts = [
        category_names(world.category),
        *(_thing(world.category, rng) for _ in range(_CATEGORY_WORDS)),
        *told,
        *(_gather(FILLERS, rng.integers(0, len(FILLERS), world.items)) for _ in range(_FILLERS)),
    ]
    text = pl.select(pl.concat_str(*map(pl.lit, parts), separator=" ", ignore_nulls=True))
    return title + " " + thing, text.to_series()


def _thing(category: Ints, rng: np.random.Generator) -> pl.Series:
    """One of a category's words."""
    each = len(CATEGORIES[0]) - 1
    words = [word for entry in CATEGORIES for word in entry[1:]]
    return _gather(words, category * each + rng.integers(0, each, len(category)))


def _facet(high: Bools, factor: int, rng: np.random.Generator) -> pl.Series:
    """One of the words of a factor's low or high end."""
    low_words, high_words = FACETS[factor]
    each = len(low_words)
    return _gather(low_words + high_words, high * each + rng.integers(0, each, len(high)))


def _gather(words: list[str] | tuple[str, ...], places: Ints) -> pl.Series:
    return pl.Series(words).gather(places)
