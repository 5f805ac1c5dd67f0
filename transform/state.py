"""The fold: how a user's state grows with each event, and what it shows at a moment.

`apply(state, event)` and `snapshot(state, at)` are pure functions. The batch side emits an example
from the snapshot *before* an event is applied, so no example can see its own future; the online
side runs the same two functions on live events. Neither Beam nor TensorFlow is imported here.

`history_starts` is the columnar form of the history, `transform.aggregation.user_aggregates` that
of the windowed counts; property-based tests hold both equal to the event-by-event form.

>>> state = apply(EMPTY, Event("film-1", "view", 10))
>>> state = apply(state, Event("film-2", "view", 20))
>>> snapshot(state, at=20, length=1)["history_item_id"]
['film-2']
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from transform.windows import UserWindow, reach

DEFAULT_EVENT_TYPE = "interaction"


class Event(NamedTuple):
    """One event of one user.

    Attributes:
        item_id: The item.
        event_type: What happened (impression, view, click, purchase, ...).
        event_time: When, in unix seconds.
        categories: The item's categories as (feature, category), for the windows that count by
            one. The history does not keep them.
    """

    item_id: str
    event_type: str
    event_time: int
    categories: tuple[tuple[str, str], ...] = ()


# Event type and category feature -> category -> events; feature and category are "" for all items.
Counts = Mapping[tuple[str, str], Mapping[str, int]]


class Tile(NamedTuple):
    """Counts of the events of one hop.

    Attributes:
        number: Start of the hop, in hops since 1970.
        counts: Events of each kind; mappings that nobody changes.
    """

    number: int
    counts: Counts


class UserState(NamedTuple):
    """Everything the fold remembers of a user.

    Attributes:
        events: The behaviour, oldest first. Impressions are none.
        tiles: Length of a hop in seconds -> the tiles that some window can still reach, oldest
            first; hops without an event have none.
    """

    events: tuple[Event, ...] = ()
    tiles: Mapping[int, tuple[Tile, ...]] = {}  # nobody changes it


class FoldSettings(NamedTuple):
    """What the fold keeps of a user.

    Attributes:
        max_history: Events of the history to keep, the latest; `None` keeps all.
        windows: Windowed counts and rates.
        impression_type: The event type that is counted but is no behaviour.
        session_gap: A new session begins after this many seconds without behaviour.
    """

    max_history: int | None = None
    windows: tuple[UserWindow, ...] = ()
    impression_type: str = "impression"
    session_gap: int = 30 * 60


class Snapshot(TypedDict):
    """The query features that follow from a state at a moment, oldest event first.

    `history_gap` is the time since the event before in seconds, `history_session` the number of
    the session; both count from the first event that is shown. `values` holds the aggregates of the
    user by name (float32 numbers), `category_values` those of categories, without the zeros.
    """

    history_item_id: list[str]
    history_event_type: list[str]
    history_time: list[int]
    history_gap: list[int]
    history_session: list[int]
    request_time: int
    values: dict[str, float]
    category_values: dict[str, dict[str, float]]


EMPTY = UserState()
_KEEP_ALL = FoldSettings()


def apply(
    state: UserState, event: Event, settings: FoldSettings = _KEEP_ALL, followers: int = 0
) -> UserState:
    """Adds an event to a state.

    Events are kept in the order of their time, those of the same second in order of arrival, so a
    late event finds its place and any interleaving of distinct times leads to the same state. One
    that comes later than any window reaches is not counted.

    Args:
        state: The state so far; it is not changed.
        event: The event to add.
        settings: What to keep; the same for all events of a state.
        followers: Behaviours of the same second that have arrived and yet come after it, where
            something else than the arrival orders them.
    """
    events = state.events
    if event.event_type != settings.impression_type:
        events = _insert(events, event, settings.max_history, followers)
    return UserState(events, _count(state.tiles, event, settings.windows))


def snapshot(
    state: UserState, at: int, length: int | None = None, settings: FoldSettings = _KEEP_ALL
) -> Snapshot:
    """What a state shows to a request at a moment.

    Windowed counts are exact from the time of the latest event on; the tiles that only earlier
    moments could see are gone. Counts see the whole hop of the moment.

    Args:
        state: The state.
        at: Time of the request in unix seconds; later events are not shown.
        length: Events to show, the latest; `None` shows all.
        settings: What the state was built with.
    """
    end = bisect_right(state.events, at, key=lambda known: known.event_time)
    start = 0 if length is None else max(0, end - length)
    shown = state.events[start:end]
    times = [event.event_time for event in shown]
    gaps = [0, *(later - earlier for earlier, later in pairwise(times))][: len(times)]
    values: dict[str, float] = {}
    category_values: dict[str, dict[str, float]] = {}
    for window in settings.windows:
        if window.by is None:
            values[window.name] = _values(state, window, at).get("", 0.0)
        else:
            category_values[window.name] = _values(state, window, at)
    return Snapshot(
        history_item_id=[event.item_id for event in shown],
        history_event_type=[event.event_type for event in shown],
        history_time=times,
        history_gap=gaps,
        history_session=list(accumulate(int(gap > settings.session_gap) for gap in gaps)),
        request_time=at,
        values=values,
        category_values=category_values,
    )


def _insert(
    events: tuple[Event, ...], event: Event, max_history: int | None, followers: int
) -> tuple[Event, ...]:
    end = bisect_right(events, event.event_time, key=lambda known: known.event_time)
    # Of those that follow, some may have been too old to keep.
    place = max(0, end - followers)
    first = 0 if max_history is None else max(0, len(events) + 1 - max_history)
    if place < first:
        return events
    return (*events[first:place], event._replace(categories=()), *events[place:])


def _count(
    tiles: Mapping[int, tuple[Tile, ...]], event: Event, windows: tuple[UserWindow, ...]
) -> Mapping[int, tuple[Tile, ...]]:
    """Adds an event to the tiles of every hop that counts it."""
    counted = dict(tiles)
    for hop, hops in reach(windows).items():
        if kinds := _kinds(event, _counted_by(windows, hop, event.event_type)):
            added = _add(counted.get(hop, ()), event.event_time // hop, kinds)
            oldest = added[-1].number - hops
            counted[hop] = added[bisect_left(added, oldest, key=lambda tile: tile.number) :]
    return counted


@lru_cache(maxsize=1024)  # the types of a live event are whatever is sent
def _counted_by(windows: tuple[UserWindow, ...], hop: int, event_type: str) -> tuple[str, ...]:
    """What the windows of a hop count events of a type by; "" for all items."""
    counting = (one.by or "" for one in windows if one.hop == hop and event_type in one.types)
    return tuple(dict.fromkeys(counting))


def _kinds(event: Event, features: tuple[str, ...]) -> dict[tuple[str, str], set[str]]:
    """What an event counts as: event type and feature -> categories."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for feature in features:
        if not feature:
            kinds[event.event_type, ""] = {""}
        elif named := {category for name, category in event.categories if name == feature}:
            kinds[event.event_type, feature] = named
    return kinds


def _add(
    tiles: tuple[Tile, ...], number: int, kinds: dict[tuple[str, str], set[str]]
) -> tuple[Tile, ...]:
    place = bisect_left(tiles, number, key=lambda tile: tile.number)
    found = place < len(tiles) and tiles[place].number == number
    counts = dict(tiles[place].counts) if found else {}
    for kind, categories in kinds.items():
        known = counts.get(kind, {})
        counts[kind] = {**known, **{name: known.get(name, 0) + 1 for name in categories}}
    return (*tiles[:place], Tile(number, counts), *tiles[place + found :])


def _values(state: UserState, window: UserWindow, at: int) -> dict[str, float]:
    """Values of a window that are not zero, by category ("" for all items), in their order."""
    tiles, now = state.tiles.get(window.hop, ()), at // window.hop
    start = bisect_left(tiles, now - window.hops, key=lambda tile: tile.number)
    end = bisect_right(tiles, now, key=lambda tile: tile.number)
    counts = [_total(tiles[start:end], (name, window.by or "")) for name in window.types]
    values = {}
    for category, count in sorted(counts[0].items()):
        base = 1 if window.per is None else counts[1].get(category, 0)
        if base:
            values[category] = float(np.float32(count / base))
    return values


def _total(tiles: tuple[Tile, ...], kind: tuple[str, str]) -> dict[str, int]:
    total: dict[str, int] = {}
    for tile in tiles:
        for category, count in tile.counts.get(kind, {}).items():
            total[category] = total.get(category, 0) + count
    return total


def history_starts(
    first: NDArray[np.int64], position: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    """Columnar `snapshot`: where the history begins that each request sees.

    Events lie in one column, user after user, each user's in event order. The request for the
    event at `position` sees the half-open range `[start, position)`: what the fold shows before
    it applies that event.

    Args:
        first: Index of the user's first event, for each request [R].
        position: Index of the requested event, for each request [R].
        length: Events to show at most.

    Returns:
        `start` for each request [R].
    """
    return np.maximum(first, position - length)
