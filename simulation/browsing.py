"""Organic views: what users look for themselves, and what they take after what."""

from __future__ import annotations

import numpy as np

from simulation.arrays import Bools, Ints
from simulation.assortment import Assortment
from simulation.choice import Behaviour, Visitors, categories, relevance
from simulation.world import World

_CONSIDERED = 4  # items that a search looks at before it takes one


def searched(
    world: World,
    behaviour: Behaviour,
    visitors: Visitors,
    assortment: Assortment,
    session: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Items found by search: of a few popular ones of a category, the one most to one's taste."""
    page = categories(world, behaviour, visitors, session, rng)[:, None].repeat(_CONSIDERED, 1)
    place = assortment.draw(assortment.start[page], assortment.start[page + 1], rng)
    item = assortment.item[place]
    pairs = np.repeat(session, _CONSIDERED)
    worth = relevance(world, behaviour, visitors, pairs, item.ravel()).reshape(item.shape)
    total = np.cumsum(worth, axis=1)
    aim = rng.random(len(session)) * total[:, -1]
    taken: Ints = item[np.arange(len(session)), (total[:, :-1] <= aim[:, None]).sum(axis=1)]
    return taken


def follow(world: World, assortment: Assortment, item: Ints, follows: Bools) -> Ints:
    """Lets steps take the successor of the step before.

    Args:
        world: What follows what.
        assortment: A successor that is not on sale is not taken.
        item: Item of each step; -1 where there is none.
        follows: Steps that take the successor, if there is one.

    Returns:
        Item of each step.
    """
    item = item.copy()
    waiting = np.flatnonzero(follows)
    # Runs of followers are resolved one step at a time: each pass settles the first of each run.
    while len(waiting):
        is_first = np.diff(waiting, prepend=-2) != 1
        ready, waiting = waiting[is_first], waiting[~is_first]
        before = item[ready - 1]
        following = world.successor[before]
        takes = (before >= 0) & assortment.on_sale[following]
        item[ready[takes]] = following[takes]
    return item
