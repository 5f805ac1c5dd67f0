"""How users choose: what an item is worth to a user, what is examined, what is clicked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Bools, Factors, Floats, Ints, sigmoid
from simulation.people import People
from simulation.policy import SLOTS
from simulation.world import World

INTERCEPT = -3.2
QUALITY = 0.4


@dataclass(frozen=True)
class Behaviour:
    """How strong each signal is; 0 takes it away.

    Attributes:
        taste: Log-odds of a unit of the product of a user's and an item's factors.
        position_bias: Exponent with which examination falls along a slate.
        follow: Probability that a view takes the successor of the item before it.
    """

    taste: float = 1.5
    position_bias: float = 0.7
    follow: float = 0.35

    def examination(self) -> Floats:
        """Probability that a user looks at each slot."""
        slot = np.arange(1.0, SLOTS + 1)
        seen: Floats = np.power(slot, -self.position_bias, dtype=np.float64)
        return seen


@dataclass(frozen=True)
class Visitors:
    """What the users of some sessions like, a session a row.

    Attributes:
        factors: Their factors [sessions, FACTORS].
        price_sensitivity: See People.
    """

    factors: Factors
    price_sensitivity: Floats

    @classmethod
    def of(cls, people: People, world: World, era: int, user: Ints) -> Visitors:
        """The users of sessions, as they are in an era."""
        return cls(people.factors(world, era, user), people.price_sensitivity[user])


def relevance(
    world: World, behaviour: Behaviour, visitors: Visitors, session: Ints, item: Ints
) -> Floats:
    """Probability that a user who looks at an item clicks on it: the true preference.

    Args:
        world: Truth of the items.
        behaviour: Strength of tastes.
        visitors: Truth of the users.
        session: Session of each pair.
        item: Item of each pair.
    """
    match = np.einsum("nk,nk->n", visitors.factors[session], world.factors[item])
    worth = INTERCEPT + behaviour.taste * match.astype(np.float64) + QUALITY * world.quality[item]
    return sigmoid(worth - visitors.price_sensitivity[session] * world.dearness[item])


def clicks(
    relevant: Floats, position: Ints, behaviour: Behaviour, rng: np.random.Generator
) -> Bools:
    """The position-based click model: what is examined and relevant is clicked."""
    clicked: Bools = rng.random(len(relevant)) < behaviour.examination()[position] * relevant
    return clicked


def categories(
    world: World, behaviour: Behaviour, visitors: Visitors, session: Ints, rng: np.random.Generator
) -> Ints:
    """Draws a category to look at for each session given, by taste."""
    match = 2 * behaviour.taste * visitors.factors @ world.centroids.T
    weight = np.exp(match - match.max(axis=1, keepdims=True))
    total = np.cumsum(weight, axis=1, dtype=np.float64)[session]
    aim = rng.random(len(session)) * total[:, -1]
    chosen: Ints = (total[:, :-1] <= aim[:, None]).sum(axis=1)
    return chosen
