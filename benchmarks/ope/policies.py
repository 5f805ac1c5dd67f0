"""Policies that draw an item from each stratum of a page, with all their probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.off_policy.logged import Floats
from simulation.arrays import Ints
from simulation.assortment import Assortment
from simulation.policy import SLOTS, first_place


@dataclass(frozen=True)
class Page:
    """A page of the shop.

    Attributes:
        items: Its items, most popular first [M].
        popularity: Weight of each [M].
        stratum: Stratum of each [M].
    """

    items: Ints
    popularity: Floats
    stratum: Ints

    def place(self, item: Ints) -> Ints:
        """Where on the page items stand."""
        order = np.argsort(self.items)
        place: Ints = order[np.searchsorted(self.items, item, sorter=order)]
        return place


def pages_of(assortment: Assortment) -> list[Page]:
    """All pages of a day.

    Raises:
        ValueError: A page has too few items for a list.
    """
    pages = []
    for start, end in zip(assortment.start, assortment.start[1:], strict=False):
        if end - start < SLOTS:
            raise ValueError(
                f"Every page must hold at least {SLOTS} items. Received: one of {end - start}. "
                "Ask for a shop with more items."
            )
        first = first_place(np.arange(SLOTS + 1), np.array(SLOTS), np.array(end - start))
        stratum = np.searchsorted(first, np.arange(end - start), side="right") - 1
        popularity = np.diff(assortment.total[start : end + 1])
        pages.append(Page(assortment.item[start:end], popularity, stratum))
    return pages


@dataclass(frozen=True)
class Policy:
    """A policy that draws one item from each stratum.

    Attributes:
        in_order: Share of lists that show the strata in order; the others are rotated.
        taste: Exponent of the relevance in the weight of an item.
    """

    in_order: float
    taste: float

    def choice(self, page: Page, likes: Floats) -> Floats:
        """Probability of each item within its stratum: relevance [n, M] -> [n, M]."""
        weight = page.popularity * likes**self.taste
        share: Floats = weight / _by_stratum(page, weight)[:, page.stratum]
        return share

    def there(self) -> Floats:
        """Probability that each place [SLOTS] shows each stratum [SLOTS]."""
        there: Floats = self.in_order * np.eye(SLOTS) + (1.0 - self.in_order) / SLOTS
        return there

    def expected(self, page: Page, choice: Floats, values: Floats) -> Floats:
        """Mean at each place of values of the items [n, M] or [M] -> [n, SLOTS]."""
        mean: Floats = _by_stratum(page, choice * values) @ self.there().T
        return mean


def _by_stratum(page: Page, values: Floats) -> Floats:
    """Sums over each stratum: [n, M] -> [n, SLOTS]."""
    sums: Floats = values @ (page.stratum[:, np.newaxis] == np.arange(SLOTS)).astype(np.float64)
    return sums
