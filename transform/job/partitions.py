"""Which users go into which partition: planned when the counts of all parts are known.

A partition holds whole users, about as many events as a worker should hold at a time. A user with
too many events for that is divided by time into pieces, each a partition of its own.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transform.job.shuffle import BIN_SHIFT, BINS, Part, WatchedUser

Ints = NDArray[np.int64]

# From this share of a partition on, a user has partitions of its own: no partition then holds
# more than this much above the others.
_HEAVY_SHARE = 0.25
# A piece of such a user is smaller: it is worked on with all that came before it.
_PIECE_SHARE = 0.7


@dataclass(frozen=True)
class Slice:
    """The rows of a part that belong to some bins.

    Attributes:
        part: Name of the part.
        events: First row, and row after the last, of its events file.
        users: The same of its users file.
    """

    part: str
    events: tuple[int, int]
    users: tuple[int, int]


@dataclass(frozen=True)
class Partition:
    """What one worker takes at a time.

    Attributes:
        number: Place among all partitions.
        slices: Where its events lie.
        without: Users in these slices that have partitions of their own.
        user: The only user, where the partition is a piece of it.
        since: Time of the piece's first second; None from the beginning.
        until: Time of the second after its last; None to the end.
        pieces: Numbers of the first and the last piece of the same user.
    """

    number: int
    slices: tuple[Slice, ...]
    without: tuple[str, ...] = ()
    user: str | None = None
    since: int | None = None
    until: int | None = None
    pieces: tuple[int, int] | None = None


def plan_partitions(parts: Sequence[Part], size: int) -> list[Partition]:
    """Divides all users into partitions of about `size` events."""
    planner = _Planner(parts, size)
    partitions: list[Partition] = []
    for first, last in planner.runs():
        without = tuple(user for user, place in planner.heavy_bins.items() if first <= place < last)
        partitions.append(Partition(len(partitions), planner.slices(first, last), without))
    for user, watched in planner.heavy.items():
        place = planner.heavy_bins[user]
        bounds = _bounds(watched, int(_PIECE_SHARE * size))
        pieces = (len(partitions), len(partitions) + len(bounds) - 2)
        for since, until in itertools.pairwise(bounds):
            slices = planner.slices(place, place + 1)
            partitions.append(Partition(len(partitions), slices, (), user, since, until, pieces))
    return partitions


class _Planner:
    def __init__(self, parts: Sequence[Part], size: int) -> None:
        self._size = size
        self._names = [part.name for part in parts]
        self._events = np.array([_ends(part.events) for part in parts])
        self._users = np.array([_ends(part.users) for part in parts])
        watched = defaultdict(list)
        for part in parts:
            for user in part.watched:
                watched[user.user_id].append(user)
        self.heavy = {
            user: found
            for user, found in sorted(watched.items())
            if sum(one.events for one in found) >= _HEAVY_SHARE * size
        }
        self.heavy_bins = {
            user: int(np.uint64(found[0].key) >> BIN_SHIFT) for user, found in self.heavy.items()
        }

    def runs(self) -> Iterator[tuple[int, int]]:
        """First bin, and bin after the last, of each ordinary partition."""
        ordinary = np.diff(self._events.sum(axis=0))
        for user, found in self.heavy.items():
            ordinary[self.heavy_bins[user]] -= sum(one.events for one in found)
        block = (np.cumsum(ordinary) - ordinary) // self._size
        cuts = np.flatnonzero(np.diff(block) > 0) + 1
        bounds = [0, *cuts.tolist(), BINS]
        for first, last in itertools.pairwise(bounds):
            if ordinary[first:last].any():
                yield first, last

    def slices(self, first: int, last: int) -> tuple[Slice, ...]:
        """Where the events of the bins `first:last` lie."""
        return tuple(
            Slice(
                name,
                (int(events[first]), int(events[last])),
                (int(users[first]), int(users[last])),
            )
            for name, events, users in zip(self._names, self._events, self._users, strict=True)
            if events[first] < events[last]
        )


def _ends(counts: NDArray[np.int32]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _bounds(watched: Sequence[WatchedUser], size: int) -> list[int | None]:
    """Times that divide a user's events into about even pieces, open at both ends."""
    times = np.concatenate([one.times for one in watched])
    weights = np.concatenate([np.full(len(o.times), o.events / len(o.times)) for o in watched])
    order = np.argsort(times, kind="stable")
    reached = np.cumsum(weights[order])
    pieces = max(1, round(reached[-1] / size))
    aims = reached[-1] * np.arange(1, pieces) / pieces
    inner = np.unique(times[order][np.searchsorted(reached, aims)])
    return [None, *(int(time) for time in inner if time > times.min()), None]
