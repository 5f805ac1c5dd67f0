"""What people do, drawn: some do much more than others."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from serving.stream.consumer import Categories
from serving.stream.messages import Exposure, Message, Outcome
from serving.user_state.record import Publication, UserRecord
from serving.user_state.store import UserStateStore
from transform.state import EMPTY, Event, FoldSettings, apply
from transform.windows import UserWindow

_DAY = 86_400
_GENRES = ("drama", "comedy", "news", "sport")
_COUNTRIES = ("de", "fr", "it", "pl")
_LISTED = 10
_SHARE_OF_LISTS = 0.1
# What every user has done before the stream begins.
_BEFORE = 20
FOLD = FoldSettings(
    max_history=200,
    windows=(
        UserWindow("views_7d", 7 * _DAY, "view"),
        UserWindow("seen_7d", 7 * _DAY, "impression"),
        UserWindow("rate_28d", 28 * _DAY, "view", per="impression"),
        UserWindow("genre_28d", 28 * _DAY, "view", by="genre"),
    ),
)


def item_name(number: int) -> str:
    """Name of an item, as the model knows it."""
    return f"item-{number:07d}"


def user_name(number: int) -> str:
    """Name of a user."""
    return f"user-{number}"


def categories(items: int) -> Categories:
    """The genre of each item."""
    return {item_name(n): (("genre", _GENRES[n % len(_GENRES)]),) for n in range(items)}


def messages(
    count: int, users: int, items: int, seed: int, *, lists: bool = False
) -> Iterator[Message]:
    """What happens, one message after the other.

    Args:
        count: How many.
        users: Who does it; half of it is done by a quarter of them.
        items: Of the catalogue.
        seed: Seed of the draw.
        lists: Whether a tenth of the messages are lists of ten items that were shown.
    """
    rng = random.Random(seed)
    for number in range(count):
        user, at = user_name(int(users * rng.random() ** 2)), int(time.time()) - rng.randrange(9)
        name = f"{seed:x}-{number:x}"
        if lists and rng.random() < _SHARE_OF_LISTS:
            shown = tuple(map(item_name, rng.sample(range(items), _LISTED)))
            yield Exposure(name, user, at, shown, (0.1,) * _LISTED, model_version=1, source="model")
        else:
            kind = "view" if rng.random() < 0.9 else "cart"
            yield Outcome(name, user, item_name(rng.randrange(items)), kind, at)


def publish(store: UserStateStore, fold: FoldSettings, users: int, items: int) -> None:
    """Fills a store with users who have done something before, folded so."""
    rng = random.Random(1)
    now, known = int(time.time()), categories(items)
    store.publish(Publication(fold))
    states = {}
    for number in range(users):
        state = EMPTY
        for at in sorted(rng.sample(range(now - 27 * _DAY, now - _DAY), _BEFORE)):
            item = item_name(rng.randrange(items))
            state = apply(state, Event(item, "view", at, known[item]), fold)
        country = {"country": _COUNTRIES[number % len(_COUNTRIES)]}
        states[user_name(number)] = UserRecord(1, state, country)
    store.update(list(states), lambda user_id, *_: states[user_id])
