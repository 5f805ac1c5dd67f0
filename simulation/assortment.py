"""What is on sale on a day, page by page: a page for each category, and the home page with all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Bools, Floats, Ints
from simulation.plan import DAY
from simulation.world import World


@dataclass(frozen=True)
class Assortment:
    """The pages of a day, one behind the other; each begins with its most popular item.

    An item is shown only on days that lie wholly within its time on sale, and not on the last of
    them, so that no session that runs past midnight shows it too late.

    Attributes:
        item: Items of all pages.
        total: Popularity of all items before each place, and of all at the end.
        start: Where each page begins, and where the last one ends; the home page is the last.
        on_sale: Whether each item of the world is in the assortment.
    """

    item: Ints
    total: Floats
    start: Ints
    on_sale: Bools

    @property
    def home(self) -> int:
        """Number of the home page."""
        return len(self.start) - 2

    def draw(self, low: Ints, high: Ints, rng: np.random.Generator) -> Ints:
        """Draws a place from each stretch of places, in proportion to popularity."""
        weight = self.total[high] - self.total[low]
        aim = self.total[low] + rng.random(low.shape) * weight
        place = np.searchsorted(self.total, aim, side="right") - 1
        return np.clip(place, low, high - 1)  # the aim may be rounded up to the end


class Shelves:
    """Sorts the world once an era, so that a day's assortment is only a matter of leaving out."""

    def __init__(self, world: World) -> None:
        self._world = world
        home = np.full(world.items, world.categories)
        page = np.concatenate([world.category, home])
        item = np.tile(np.arange(world.items), 2)
        orders = [np.lexsort((-weight[item], page)) for weight in world.popularity]
        self._items = [item[order] for order in orders]
        self._pages = page[orders[0]]  # sorted, so the same in each era

    def assortment(self, day: int) -> Assortment:
        """The assortment of the day that begins then (unix seconds)."""
        world, era = self._world, self._world.era(day)
        on_sale = (world.available_from <= day) & (day + 2 * DAY <= world.available_to)
        shown = on_sale[self._items[era]]
        item = self._items[era][shown]
        weight = world.popularity[era][item]
        return Assortment(
            item=item,
            total=np.concatenate([[0.0], np.cumsum(weight)]),
            start=np.searchsorted(self._pages[shown], np.arange(world.categories + 2)),
            on_sale=on_sale,
        )
