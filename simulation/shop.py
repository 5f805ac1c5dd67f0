"""Users of the shop and what they do, drawn column by column.

A user belongs to a block of users with a random stream of its own, so a shop of any size is drawn
block by block in bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.world import World, item_ids

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCK_USERS = 20_000
EVENT_TYPES = ("view", "cart", "purchase")

_COLD_USER_SHARE = 0.1
_SESSION_EVENTS = 6.0
_SECONDS_BETWEEN_EVENTS = 45.0
# Shares of fresh choices from the favourite, from the second and from any category.
_TASTES = (0.6, 0.25)
_REDRAWS = 8
_COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "IN", "JP")
_DEVICES = ("phone", "tablet", "desktop")


@dataclass(frozen=True)
class Behaviour:
    """How users behave.

    Attributes:
        events_per_user: Mean events of a user who is not cold.
        follow: Probability that an event takes the successor of the item before it.
    """

    events_per_user: float = 40.0
    follow: float = 0.35


@dataclass(frozen=True)
class Block:
    """Some users and their events.

    Attributes:
        users: The users dataset: `user_id`, `age`, `country`.
        truth: What only the simulation knows: `user_id`, `favourite` and `second` category.
        events: The events dataset, in the order of users and times: `user_id`, `item_id`,
            `event_time`, `event_type`, `session_id`, `device`.
    """

    users: pl.DataFrame
    truth: pl.DataFrame
    events: pl.DataFrame


def blocks(world: World, users: int, behaviour: Behaviour, seed: int) -> Iterator[Block]:
    """Draws all users, block by block."""
    for number, first in enumerate(range(0, users, BLOCK_USERS)):
        rng = np.random.default_rng([seed, 1, number])
        yield _block(world, first, min(BLOCK_USERS, users - first), behaviour, rng)


def _block(
    world: World, first: int, count: int, behaviour: Behaviour, rng: np.random.Generator
) -> Block:
    ids = "u" + pl.Series("user_id", np.arange(first, first + count)).cast(pl.String).str.zfill(8)
    favourite, second = rng.integers(0, world.categories, (2, count))
    users = pl.DataFrame(
        {
            "user_id": ids,
            "age": rng.integers(16, 80, count),
            "country": pl.Series(_COUNTRIES).gather(rng.integers(0, len(_COUNTRIES), count)),
        }
    )
    truth = pl.DataFrame({"user_id": ids, "favourite": favourite, "second": second})
    user, session = _sessions(count, behaviour, rng)
    time = _times(world, user, session, rng)
    item = _items(world, favourite[user], second[user], session, time, behaviour, rng)
    own = (world.category[item] == favourite[user]).astype(np.int64)
    chance = rng.random(len(item))
    kind = np.where(chance < 0.04 + 0.04 * own, 2, np.where(chance < 0.2, 1, 0))
    device = rng.integers(0, len(_DEVICES), int(session.max(initial=-1)) + 1)[session]
    events = pl.DataFrame(
        {
            "user_id": ids.gather(user),
            "item_id": item_ids(item),
            "event_time": time,
            "event_type": pl.Series(EVENT_TYPES).gather(kind),
            "session_id": ids.gather(user) + "-" + pl.Series(session).cast(pl.String),
            "device": pl.Series(_DEVICES).gather(device),
        }
    )
    order = np.lexsort((time, user))
    return Block(users, truth, events[order])


def _sessions(count: int, behaviour: Behaviour, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """User and session number of each event; activity is heavy-tailed, and some users are cold."""
    spread = 1.0
    events = rng.lognormal(np.log(behaviour.events_per_user) - spread**2 / 2, spread, count)
    cold = rng.random(count) < _COLD_USER_SHARE
    number = np.where(cold, rng.integers(1, 3, count), np.maximum(1, events.astype(np.int64)))
    user = np.repeat(np.arange(count), number)
    begins = rng.random(len(user)) < 1 / _SESSION_EVENTS
    begins |= np.diff(user, prepend=-1) != 0
    return user, np.cumsum(begins) - 1


def _times(world: World, user: Ints, session: Ints, rng: np.random.Generator) -> Ints:
    """Times of events: sessions anywhere between a user's first visit and the end of the log."""
    first_event = np.flatnonzero(np.diff(session, prepend=-1))
    owner = user[first_event]
    span = world.end - world.start
    joined = world.start + span * rng.beta(1, 3, int(user.max(initial=-1)) + 1)
    begin = joined[owner] + (world.end - joined[owner]) * rng.random(len(owner))
    begin = begin[np.lexsort((begin, owner))]  # owners ascend, so each keeps its own sessions
    gap = rng.exponential(_SECONDS_BETWEEN_EVENTS, len(user))
    since = np.cumsum(gap)
    offset = since - since[first_event][session]
    time: Ints = np.minimum(begin[session] + offset, world.end - 1).astype(np.int64)
    return time


def _items(
    world: World,
    favourite: Ints,
    second: Ints,
    session: Ints,
    time: Ints,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> Ints:
    """Items of events: by taste and popularity, or what tends to follow the item before."""
    source = rng.random(len(time))
    anywhere = rng.integers(0, world.categories, len(time))
    category = np.where(
        source < _TASTES[0], favourite, np.where(source < sum(_TASTES), second, anywhere)
    )
    item = _draw(world, category, time, rng)
    follows = rng.random(len(time)) < behaviour.follow
    follows[np.diff(session, prepend=-1) != 0] = False
    waiting = np.flatnonzero(follows)
    # Runs of followers are resolved one step at a time: each pass settles the first of each run.
    while len(waiting):
        ready = waiting[~np.isin(waiting - 1, waiting, assume_unique=True)]
        next_item = world.successor[item[ready - 1]]
        in_shop = world.available_from[next_item] <= time[ready]
        item[ready[in_shop]] = next_item[in_shop]
        waiting = np.setdiff1d(waiting, ready, assume_unique=True)
    return item


def _draw(world: World, category: Ints, time: Ints, rng: np.random.Generator) -> Ints:
    """Items of given categories by popularity, none before it came into the shop."""
    total = np.concatenate([[0.0], np.cumsum(world.popularity)])
    start = np.searchsorted(world.category, np.arange(world.categories))
    end = np.searchsorted(world.category, np.arange(world.categories), side="right")
    low, high = total[start[category]], total[end[category]]
    item = np.full(len(category), -1)
    for _ in range(_REDRAWS):
        missing = np.flatnonzero(item < 0)
        aim = low[missing] + rng.random(len(missing)) * (high - low)[missing]
        drawn = np.searchsorted(total, aim, side="right") - 1
        drawn = np.clip(drawn, start[category[missing]], end[category[missing]] - 1)
        in_shop = world.available_from[drawn] <= time[missing]
        item[missing[in_shop]] = drawn[in_shop]
    # The first item of a category is never new.
    return np.where(item < 0, start[category], item)
