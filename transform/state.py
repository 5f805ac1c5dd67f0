"""The fold: how a user's state grows with each event, and what it shows at a moment.

`apply(state, event)` and `snapshot(state, at)` are pure functions. The batch side emits an example
from the snapshot *before* an event is applied, so no example can see its own future; the online
side runs the same two functions on live events. Neither Beam nor TensorFlow is imported here.

`history_starts` is the columnar form of the same fold over sorted histories; a property-based test
holds it equal to the event-by-event form.

>>> state = apply(EMPTY, Event("film-1", "view", 10))
>>> state = apply(state, Event("film-2", "view", 20))
>>> snapshot(state, at=20, length=1)["history_item_id"]
['film-2']
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

DEFAULT_EVENT_TYPE = "interaction"


class Event(NamedTuple):
    """One behaviour of one user.

    Attributes:
        item_id: The item.
        event_type: What happened (view, click, purchase, ...).
        event_time: When, in unix seconds.
    """

    item_id: str
    event_type: str
    event_time: int


class UserState(NamedTuple):
    """Everything the fold remembers of a user: the events, oldest first."""

    events: tuple[Event, ...] = ()


class Snapshot(TypedDict):
    """The query features that follow from a state at a moment, oldest event first."""

    history_item_id: list[str]
    history_event_type: list[str]
    history_time: list[int]
    request_time: int


EMPTY = UserState()


def apply(state: UserState, event: Event, max_history: int | None = None) -> UserState:
    """Adds an event to a state.

    Events are kept in the order of their time, those of the same second in order of arrival, so a
    late event finds its place and any interleaving of distinct times leads to the same state.

    Args:
        state: The state so far; it is not changed.
        event: The event to add.
        max_history: Events to keep, the latest; `None` keeps all.
    """
    place = bisect_right(state.events, event.event_time, key=lambda known: known.event_time)
    events = (*state.events[:place], event, *state.events[place:])
    return UserState(events if max_history is None else events[-max_history:])


def snapshot(state: UserState, at: int, length: int | None = None) -> Snapshot:
    """What a state shows to a request at a moment.

    Args:
        state: The state.
        at: Time of the request in unix seconds; later events are not shown.
        length: Events to show, the latest; `None` shows all.
    """
    end = bisect_right(state.events, at, key=lambda known: known.event_time)
    start = 0 if length is None else max(0, end - length)
    shown = state.events[start:end]
    return Snapshot(
        history_item_id=[event.item_id for event in shown],
        history_event_type=[event.event_type for event in shown],
        history_time=[event.event_time for event in shown],
        request_time=at,
    )


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
