"""Live events on their way into a user's state.

A stream delivers an event at least once, and in any order. A writer therefore only appends it to
the user's record, without looking; whoever reads the record folds what was appended. The ledger of
the record says which events the state holds already, so that a repeated one changes nothing, and
puts an event in its place among those of the same second. What comes out depends on the set of the
events alone, not on how often or in which order they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from transform.state import Event, FoldSettings, UserState, apply

DAY_SECONDS = 86_400
# An event that reaches the stream later than this is refused, as is one that is so far ahead.
LATEST_SECONDS = 7 * DAY_SECONDS
EARLIEST_SECONDS = DAY_SECONDS
# So long an event is remembered, counted from the latest of the user: until it is refused for being
# late, and as long again for the stream to deliver it once more.
REMEMBERED_SECONDS = 2 * LATEST_SECONDS + EARLIEST_SECONDS

# So long the counts of a day are kept, from the last event that is counted there.
COUNTS_KEPT_SECONDS = 92 * DAY_SECONDS


class LiveEvent(NamedTuple):
    """Something that happened to one user, with one item or, where it was shown a list, several.

    Attributes:
        event_id: Names it among the user's; of one second the smaller came first.
        events: What the fold applies, at one time and of one type.
    """

    event_id: str
    events: tuple[Event, ...]

    @property
    def event_time(self) -> int:
        """Unix seconds."""
        return self.events[0].event_time


class Applied(NamedTuple):
    """A live event that the state holds.

    Attributes:
        event_time: Unix seconds.
        event_id: Its name.
        behaviours: How many places it has in the history.
    """

    event_time: int
    event_id: str
    behaviours: int


Ledger = tuple[Applied, ...]  # by time and name
ItemCounts = Counter[tuple[int, str, str]]  # (day since 1970, event type, item) -> events


class Folded(NamedTuple):
    """What came of live events.

    Attributes:
        state: The state that holds them.
        ledger: What the state holds.
        counts: Events by item, of those that are new.
    """

    state: UserState
    ledger: Ledger
    counts: ItemCounts


def fold_live(
    state: UserState, ledger: Ledger, live: Iterable[LiveEvent], settings: FoldSettings
) -> Folded:
    """Applies the live events that a state does not hold yet.

    Args:
        state: The state so far.
        ledger: What it holds.
        live: Events in any order, repeated ones among them.
        settings: How states are folded.
    """
    held, known = list(ledger), {one.event_id for one in ledger}
    counts: ItemCounts = Counter()
    for one in live:
        if one.event_id in known:
            continue
        known.add(one.event_id)
        followers = _followers(held, one)
        for event in one.events:
            state = apply(state, event, settings, followers)
            counts[event.event_time // DAY_SECONDS, event.event_type, event.item_id] += 1
        shown = one.events[0].event_type == settings.impression_type
        place = (one.event_time, one.event_id)
        index = bisect_left(held, place, key=_place)
        held.insert(index, Applied(*place, 0 if shown else len(one.events)))
    return Folded(state, _remembered(held), counts)


def _place(one: Applied) -> tuple[int, str]:
    return one.event_time, one.event_id


def _followers(held: list[Applied], new: LiveEvent) -> int:
    """Behaviours of the same second that come after an event."""
    start = bisect_left(held, (new.event_time, new.event_id), key=_place)
    end = bisect_right(held, new.event_time, key=lambda one: one.event_time)
    return sum(one.behaviours for one in held[start:end])


def _remembered(held: list[Applied]) -> Ledger:
    if not held:
        return ()
    oldest = held[-1].event_time - REMEMBERED_SECONDS
    return tuple(held[bisect_left(held, oldest, key=lambda one: one.event_time) :])
