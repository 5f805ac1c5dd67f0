"""The logging policy: which items a page shows, and with which probability.

A page is cut into as many strata of falling popularity as it has slots, the first ones narrow. From
each stratum one item is drawn, in proportion to popularity. Half of the slates show the strata in
order; the others are rotated by a random step. So no slate shows an item twice, popular items tend
to stand first (which confounds position and popularity, as in real logs), and the probability that
an item stands at a position is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Floats, Ints, counters
from simulation.assortment import Assortment

SLOTS = 10
IN_ORDER = 0.5


@dataclass(frozen=True)
class Slates:
    """What was shown, an impression a row.

    Attributes:
        slate: Number of the slate, ascending.
        position: Slot of it, from 0.
        item: The item shown.
        propensity: Probability that the policy shows this item at this position of this page.
    """

    slate: Ints
    position: Ints
    item: Ints
    propensity: Floats


def draw_slates(assortment: Assortment, page: Ints, rng: np.random.Generator) -> Slates:
    """Draws a slate for each page that is asked for."""
    size = np.diff(assortment.start)[page]
    slots = np.minimum(SLOTS, size)
    rotation = np.where(rng.random(len(page)) < IN_ORDER, 0, rng.integers(0, slots))
    slate = np.repeat(np.arange(len(page)), slots)
    position = counters(slots)
    size, slots = size[slate], slots[slate]
    stratum = (position + rotation[slate]) % slots
    start = assortment.start[page[slate]]
    low = start + first_place(stratum, slots, size)
    high = start + first_place(stratum + 1, slots, size)
    place = assortment.draw(low, high, rng)
    total = assortment.total
    chosen = (total[place + 1] - total[place]) / (total[high] - total[low])
    there = IN_ORDER * (stratum == position) + (1 - IN_ORDER) / slots
    return Slates(slate, position, assortment.item[place], chosen * there)


def first_place(stratum: Ints, slots: Ints, size: Ints) -> Ints:
    """First place of a stratum on its page: squares, and never an empty stratum."""
    first: Ints = np.maximum(stratum, size * stratum**2 // slots**2)
    return first
