"""First stage: parts of the log, in input order, become files sorted by user.

Users lie in the order of a hash, which is cut into fine bins. The counts of the bins tell where the
users of any range of bins lie in a file, so that partitions can be planned when all counts are
known, and read without anything being moved again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import ITEM, TYPE, USER, user_keys
from transform.features import EVENT_TIME, EVENT_TYPE, ITEM_ID, USER_ID
from transform.job.tables import join, write_table

Ints = NDArray[np.int64]

BINS = 1 << 13
BIN_SHIFT = np.uint64(64 - 13)
KEY = "#key"

# A user with fewer events in a part than this share of a partition is not watched there.
_WATCHED_SHARE = 0.01
_QUANTILES = 64


@dataclass(frozen=True)
class WatchedUser:
    """A user with many events in a part.

    Attributes:
        user_id: The user.
        key: Its hash.
        events: Its events in the part.
        times: Times that divide them evenly, ascending.
    """

    user_id: str
    key: int
    events: int
    times: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A part of the log, sorted by user, in files of its own.

    Attributes:
        name: What its files are called.
        events: Events of each bin [BINS].
        users: Users of each bin [BINS].
        watched: Users that may be too many events for one partition.
    """

    name: str
    events: NDArray[np.int32]
    users: NDArray[np.int32]
    watched: tuple[WatchedUser, ...]


def events_path(part: str, folder: str) -> str:
    """Events of a part: `user` (place in the users file), `item`, `type` (places), the rest."""
    return join(folder, f"{part}-events.arrow")


def users_path(part: str, folder: str) -> str:
    """Users of a part in the order of their hashes: `key`, `user_id`."""
    return join(folder, f"{part}-users.arrow")


def items_path(part: str, folder: str) -> str:
    """Item ids of a part."""
    return join(folder, f"{part}-items.arrow")


def types_path(part: str, folder: str) -> str:
    """Event types of a part."""
    return join(folder, f"{part}-types.arrow")


def shuffle(events: pl.DataFrame, folder: str, name: str, partition_events: int) -> Part:
    """Sorts normalised events by user and writes them.

    Args:
        events: `user_id`, `item_id`, `event_type`, `event_time`, `order` and what travels along.
        folder: Where the files go.
        name: What they are called.
        partition_events: Events that a partition should hold.
    """
    users, user = _sorted_users(events[USER_ID])
    items, item = _codes(events[ITEM_ID])
    types, kind = _codes(events[EVENT_TYPE])
    coded = events.select(
        pl.Series(USER, user),
        pl.Series(ITEM, item),
        pl.Series(TYPE, kind),
        pl.exclude(USER_ID, ITEM_ID, EVENT_TYPE),
    ).sort(USER, maintain_order=True)
    bins = (users[KEY].to_numpy() >> BIN_SHIFT).astype(np.int64)
    counts = np.bincount(user, minlength=len(users))
    part = Part(
        name,
        np.bincount(bins, counts, BINS).astype(np.int32),
        np.bincount(bins, minlength=BINS).astype(np.int32),
        _watch(users, counts, coded, int(_WATCHED_SHARE * partition_events)),
    )
    write_table(events_path(name, folder), coded)
    write_table(users_path(name, folder), users)
    write_table(items_path(name, folder), items.to_frame(ITEM_ID))
    write_table(types_path(name, folder), types.to_frame(EVENT_TYPE))
    return part


def _codes(values: pl.Series) -> tuple[pl.Series, NDArray[np.int32]]:
    """Different values, and the place of each value among them."""
    encoded = values.to_arrow().dictionary_encode()
    names = pl.Series(encoded.dictionary)
    return names, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)


def _sorted_users(ids: pl.Series) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Users in the order of their hashes, and the place of each event's user."""
    names, code = _codes(ids)
    order = pl.DataFrame({KEY: user_keys(names), USER_ID: names}).with_row_index("code")
    order = order.sort(KEY, USER_ID)
    place = np.empty(len(names), np.int32)
    place[order["code"].to_numpy()] = np.arange(len(names), dtype=np.int32)
    return order.drop("code"), place[code]


def _watch(
    users: pl.DataFrame, counts: Ints, events: pl.DataFrame, least: int
) -> tuple[WatchedUser, ...]:
    """Users of a part with at least so many events."""
    ends = np.cumsum(counts)
    watched = []
    for user in np.flatnonzero(counts >= max(1, least)):
        times = events[EVENT_TIME][ends[user] - counts[user] : ends[user]].sort().to_numpy()
        marks = times[np.linspace(0, len(times) - 1, min(_QUANTILES, len(times))).astype(int)]
        watched.append(
            WatchedUser(
                users[USER_ID][int(user)],
                int(users[KEY][int(user)]),
                int(counts[user]),
                tuple(int(mark) for mark in marks),
            )
        )
    return tuple(watched)
