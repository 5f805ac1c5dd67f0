"""The normalised log in columns: whole histories, user after user, each in event order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.features import EVENT_TIME, EVENT_TYPE, ITEM_ID, USER_ID

# Columns of `Histories.events`: codes into the vocabularies of the log, and the period.
ITEM = "item"
TYPE = "type"
PERIOD = "period"


def user_keys(user_ids: Iterable[str]) -> NDArray[np.uint64]:
    """A 64-bit hash of each user id, the same in every process and on every machine.

    It orders users (so that any shard is a random sample of them) and seeds what is drawn for a
    user (so that the draw does not depend on how users are partitioned).
    """
    digests = b"".join(hashlib.blake2b(user.encode(), digest_size=8).digest() for user in user_ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class Histories:
    """Whole histories of some users.

    Attributes:
        users: One row a user: `user_id` and the declared query features of the users table.
        offsets: Events of user `u` lie at `offsets[u]:offsets[u + 1]` (int64 [users + 1]).
        events: One row an event: `item` and `type` (codes), `event_time` (unix seconds), `period`
            (once assigned), and the declared context features.
    """

    users: pl.DataFrame
    offsets: NDArray[np.int64]
    events: pl.DataFrame

    @property
    def user_of_event(self) -> NDArray[np.int64]:
        """Index of the user of each event."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.offsets))

    def column(self, name: str) -> NDArray[np.int64]:
        """A column of `events` as int64."""
        return self.events[name].to_numpy().astype(np.int64)

    def take(self, users: NDArray[np.int64]) -> Histories:
        """The histories of some users, in the order given."""
        counts = np.diff(self.offsets)[users]
        index = ranges(self.offsets[users], counts)
        return Histories(self.users[users], _offsets(counts), self.events[index])

    def partitions(self, size: int) -> Iterator[Histories]:
        """Divides users into runs of about `size` events; a history is never divided."""
        block = self.offsets[1:-1] // size if len(self.users) else np.empty(0, np.int64)
        cuts = 1 + np.flatnonzero(np.diff(np.concatenate([[0], block])) > 0)
        for users in np.split(np.arange(len(self.users)), cuts):
            low, high = self.offsets[users[0]], self.offsets[users[-1] + 1]
            yield Histories(
                self.users[users[0] : users[-1] + 1],
                self.offsets[users[0] : users[-1] + 2] - low,
                self.events[low:high],
            )


@dataclass(frozen=True)
class EventLog:
    """The whole log.

    Attributes:
        histories: Every user's events.
        items: Code -> item id, in the order of the ids.
        types: Code -> event type, in the order of the names.
    """

    histories: Histories
    items: pl.Series
    types: pl.Series

    @classmethod
    def of(cls, events: pl.DataFrame, users: pl.DataFrame | None = None) -> EventLog:
        """Encodes and sorts normalised events.

        Args:
            events: `user_id`, `item_id`, `event_type` (strings), `event_time` (int64), in input
                order, which decides between events of the same user and second. Other columns
                (context features, `period`) travel along.
            users: `user_id` and query features; users without events are left out, features of
                users without a row are null.
        """
        ids = events[USER_ID].unique().sort()
        ids = ids[np.argsort(user_keys(ids), kind="stable")]
        items = events[ITEM_ID].unique().sort()
        types = events[EVENT_TYPE].unique().sort()
        extra = [c for c in events.columns if c not in (USER_ID, ITEM_ID, EVENT_TYPE, EVENT_TIME)]
        encoded = events.select(
            encode(events[USER_ID], ids).alias("user"),
            encode(events[ITEM_ID], items).alias(ITEM),
            encode(events[EVENT_TYPE], types).alias(TYPE),
            pl.col(EVENT_TIME),
            *extra,
        ).sort("user", EVENT_TIME, maintain_order=True)
        counts = np.bincount(encoded["user"].to_numpy(), minlength=len(ids))
        table = pl.DataFrame({USER_ID: ids})
        if users is not None:
            table = table.join(users, on=USER_ID, how="left", maintain_order="left")
        return cls(Histories(table, _offsets(counts), encoded.drop("user")), items, types)

    def decode(self) -> pl.DataFrame:
        """Normalised events again, in the order of users and events; `of` takes them back."""
        histories = self.histories
        return histories.events.select(
            histories.users[USER_ID].gather(histories.user_of_event),
            self.items.gather(histories.events[ITEM]).alias(ITEM_ID),
            self.types.gather(histories.events[TYPE]).alias(EVENT_TYPE),
            pl.exclude(ITEM, TYPE),
        )

    def with_period(self, period: NDArray[np.int8]) -> EventLog:
        """The same log with the period of each event."""
        events = self.histories.events.with_columns(pl.Series(PERIOD, period))
        return replace(self, histories=replace(self.histories, events=events))


def encode(values: pl.Series, vocabulary: pl.Series) -> pl.Series:
    """Codes (int32) of string values; a value outside the vocabulary becomes null."""
    return values.cast(pl.Enum(vocabulary), strict=False).to_physical().cast(pl.Int32)


def ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of many ranges, one after the other.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    index: NDArray[np.int64] = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    index += np.arange(len(index))
    return index


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
