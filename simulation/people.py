"""The shop's users and their truth: when they came, how active they are, what they like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.arrays import Bools, Factors, Floats, Ints, ids
from simulation.catalogue import category_names
from simulation.plan import DAY, START, Plan
from simulation.rhythm import times_of_day
from simulation.world import FACTORS, World

_COLD_SHARE = 0.1
_ACTIVITY_SPREAD = 1.2  # of the logarithm: few users do most
_EARLY_SHARE = 0.6
# Weights of the favourite category, of the second, and spread of what is the user's own.
_FAVOURITE, _SECOND, _OWN = 1.3, 0.7, 0.4
_CHANGED_SHARE = 0.5  # users whose tastes a drift changes
_COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "IN", "JP")
# Where users come from before and after a drift.
_COUNTRY_WEIGHTS = ((8, 7, 6, 5, 4, 3, 2, 1), (1, 2, 3, 4, 5, 6, 7, 8))


@dataclass(frozen=True)
class People:
    """All users, numbered in the order in which they came.

    Attributes:
        joined: First visit of each (unix seconds), ascending.
        activity: Weight of each among those who come again; 0 for a user who never does.
        favourite: Favourite category [eras, users].
        second: Second category [eras, users].
        own: What of the factors is the user's own [users, FACTORS].
        price_sensitivity: Log-odds that a standard deviation of dearness costs.
    """

    joined: Ints
    activity: Floats
    favourite: Ints
    second: Ints
    own: Factors
    price_sensitivity: Floats

    @property
    def number(self) -> int:
        """Number of users."""
        return len(self.joined)

    @property
    def changes(self) -> Bools:
        """Whether a drift changes the favourite or the second category of each user."""
        changed: Bools = (self.favourite[0] != self.favourite[1]) | (
            self.second[0] != self.second[1]
        )
        return changed

    def factors(self, world: World, era: int, users: Ints | slice = slice(None)) -> Factors:
        """Factors of some users [users, FACTORS]: what they like, in the space of items."""
        liked = world.centroids[self.favourite[era, users]] * np.float32(_FAVOURITE)
        liked += world.centroids[self.second[era, users]] * np.float32(_SECOND)
        liked += self.own[users]
        return liked


def make_people(plan: Plan, world: World) -> People:
    """Draws all users; the same plan gives the same ones."""
    rng = np.random.default_rng([plan.seed, 2])
    users = plan.users
    joined = _first_visits(plan, rng)
    activity = rng.lognormal(0, _ACTIVITY_SPREAD, users)
    activity[rng.random(users) < _COLD_SHARE] = 0
    # Someone must be there for the returning visits of the first day.
    joined[0], activity[0] = START, 1
    # Of the favourite and the second category: before and after a drift.
    tastes = rng.integers(0, world.categories, (2, 2, users))
    stays = rng.random(users) >= _CHANGED_SHARE
    favourite, second = np.where(stays, tastes[:, :1], tastes)
    return People(
        joined=joined,
        activity=activity,
        favourite=favourite,
        second=second,
        own=rng.normal(0, _OWN, (users, FACTORS)).astype(np.float32),
        price_sensitivity=rng.gamma(2, 0.2, users),
    )


def _first_visits(plan: Plan, rng: np.random.Generator) -> Ints:
    """Most users come early, the others evenly, all of them by day rather than by night."""
    early = rng.random(plan.users) < _EARLY_SHARE
    place = np.where(early, rng.beta(1, 8, plan.users), rng.random(plan.users))
    day = np.minimum((place * plan.days).astype(np.int64), plan.days - 1)
    return np.sort(START + day * DAY + times_of_day(plan.users, rng))


def user_ids(users: Ints) -> pl.Series:
    """Ids of user numbers."""
    return ids("u", users, 8)


def users_table(people: People, world: World, seed: int) -> pl.DataFrame:
    """The users dataset: id, age, country, when they signed up."""
    rng = np.random.default_rng([seed, 3])
    weights = np.array(_COUNTRY_WEIGHTS) / np.sum(_COUNTRY_WEIGHTS, axis=1, keepdims=True)
    by_era = [rng.choice(len(_COUNTRIES), people.number, p=share) for share in weights]
    late = np.full(people.number, world.drift_time is not None)
    late &= people.joined >= (world.drift_time or 0)
    return pl.DataFrame(
        {
            "user_id": user_ids(np.arange(people.number)),
            "age": rng.integers(16, 80, people.number),
            "country": pl.Series(_COUNTRIES).gather(np.where(late, by_era[1], by_era[0])),
            "signed_up_at": people.joined,
        }
    )


def users_truth(people: People, world: World) -> pl.DataFrame:
    """What only the simulation knows of users: tastes and factors by era, activity."""
    columns = {
        "user_id": user_ids(np.arange(people.number)),
        "activity": pl.Series(people.activity),
        "price_sensitivity": pl.Series(people.price_sensitivity),
    }
    for era, suffix in ((0, ""), (1, "_after_drift")):
        columns[f"favourite{suffix}"] = category_names(people.favourite[era])
        columns[f"second{suffix}"] = category_names(people.second[era])
        factors = people.factors(world, era)
        columns[f"factors{suffix}"] = pl.Series(factors, dtype=pl.Array(pl.Float32, FACTORS))
    return pl.DataFrame(columns)
