"""A burst: on one day many items and users come that would have come at other times."""

from __future__ import annotations

import dataclasses

import numpy as np

from simulation.people import People
from simulation.rhythm import times_of_day
from simulation.world import NEVER, World

_ITEMS_SHARE = 0.2
_USERS_SHARE = 0.15


def with_burst(world: World, people: People, midnight: int, seed: int) -> tuple[World, People]:
    """A world and its people where a share of both comes on the day that begins at a midnight.

    One item of each category stays what it is, so that no page is ever empty; so does the first
    user.
    """
    rng = np.random.default_rng([seed, 5])
    movable = world.available_to == NEVER
    movable[np.unique(world.category, return_index=True)[1]] = False
    late = movable & (rng.random(world.items) < _ITEMS_SHARE)
    items = np.where(late, midnight, world.available_from)
    comes = rng.random(people.number) < _USERS_SHARE
    comes[0] = False
    joined = people.joined.copy()
    joined[comes] = midnight + times_of_day(int(comes.sum()), rng)
    # Users are numbered as they come, and nothing else about them depends on when.
    return (
        dataclasses.replace(world, available_from=items),
        dataclasses.replace(people, joined=np.sort(joined)),
    )
