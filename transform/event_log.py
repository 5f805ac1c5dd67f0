"""The normalised log in columns: whole histories, user after user, each in event order."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.answers import answers_a_list
from transform.features import EVENT_ID, EVENT_TIME, EVENT_TYPE, ITEM_ID, ORDER, USER_ID

# Columns of coded events: places among the users, codes into the vocabularies, and the period. No
# feature can have such a name.
USER = "#user"
ITEM = "#item"
TYPE = "#type"
PERIOD = "#period"


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
            (once assigned), the declared context features, and `request_id` if the log has it.
        impression: Code of the event type that is no behaviour but an exposure; -1 without one.
        own: The range of events that rows are wanted of; None for all. The others are there for
            their sake: a very heavy user is worked on in pieces.
    """

    users: pl.DataFrame
    offsets: NDArray[np.int64]
    events: pl.DataFrame
    impression: int = -1
    own: tuple[int, int] | None = None

    @functools.cached_property
    def user_of_event(self) -> NDArray[np.int64]:
        """Index of the user of each event."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.offsets))

    @functools.cached_property
    def is_behaviour(self) -> NDArray[np.bool_]:
        """Whether each event is something the user did, not something it was shown."""
        behaviour: NDArray[np.bool_] = self.column(TYPE) != self.impression
        return behaviour

    @functools.cached_property
    def is_answer(self) -> NDArray[np.bool_]:
        """Whether each event is something the user did with a list that it was shown.

        The log must have `request_id`.
        """
        users = self.events.with_columns(pl.Series(USER, self.user_of_event))
        answers = users.select(answers_a_list(USER, pl.col(TYPE) == self.impression)).to_series()
        return answers.to_numpy()

    @functools.cached_property
    def behaviours_before(self) -> NDArray[np.int64]:
        """Behaviours before each event, of all users in order; one more place for the end."""
        return offsets_of(self.is_behaviour.astype(np.int64))

    @functools.cached_property
    def behaviours(self) -> Histories:
        """The same without impressions."""
        if self.is_behaviour.all():
            return self
        before = self.behaviours_before
        own = None if self.own is None else (int(before[self.own[0]]), int(before[self.own[1]]))
        kept = self.events.filter(pl.Series(self.is_behaviour))
        return replace(self, offsets=before[self.offsets], events=kept, own=own)

    def owns(self, event: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether rows of these events are wanted."""
        if self.own is None:
            return np.ones(len(event), np.bool_)
        return (event >= self.own[0]) & (event < self.own[1])

    @property
    def own_users(self) -> NDArray[np.bool_]:
        """The users whose last event is an own one: of the pieces of a user, one stands for it."""
        return self.owns(self.offsets[1:] - 1)

    def column(self, name: str) -> NDArray[np.int64]:
        """A column of `events` as int64."""
        return self.events[name].to_numpy().astype(np.int64)

    def with_features(self, users: pl.DataFrame | None) -> Histories:
        """The same with the features of the users; null for users without a row."""
        if users is None:
            return self
        joined = self.users.join(users, on=USER_ID, how="left", maintain_order="left")
        return replace(self, users=joined)


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
    def of(
        cls,
        events: pl.DataFrame,
        users: pl.DataFrame | None = None,
        impression_type: str | None = None,
    ) -> EventLog:
        """Encodes normalised events and brings them into total order, each once.

        Args:
            events: `user_id`, `item_id`, `event_type` (strings), `event_time` (int64); `order`, or
                else the order of the rows, decides between events of the same user and second.
                Other columns (context features, `period`) travel along.
            users: `user_id` and query features; users without events are left out, features of
                users without a row are null.
            impression_type: Name of the event type that is no behaviour.
        """
        ids = events[USER_ID].unique().sort()
        ids = ids[np.argsort(user_keys(ids), kind="stable")]
        items = events[ITEM_ID].unique().sort()
        types = events[EVENT_TYPE].unique().sort()
        encoded = arrange(
            events.with_columns(
                encode(events[USER_ID], ids).alias(USER),
                encode(events[ITEM_ID], items).alias(ITEM),
                encode(events[EVENT_TYPE], types).alias(TYPE),
                *([] if ORDER in events.columns else [pl.int_range(pl.len()).alias(ORDER)]),
            ).drop(USER_ID, ITEM_ID, EVENT_TYPE)
        )
        counts = np.bincount(encoded[USER].to_numpy(), minlength=len(ids))
        histories = Histories(
            pl.DataFrame({USER_ID: ids}),
            offsets_of(counts),
            encoded.drop(USER),
            code_of(impression_type, types),
        )
        return cls(histories.with_features(users), items, types)

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


def arrange(events: pl.DataFrame) -> pl.DataFrame:
    """Brings coded events into total order and drops repeated ones.

    The order is by user, time, then `event_id` where the log has one, then `order` (the input
    order). Events of a user with equal `event_id`, or without one equal item, type and time, are
    the same event; the first counts.
    """
    has_id = EVENT_ID in events.columns
    tie = [EVENT_ID, ORDER] if has_id else [ORDER]
    same = [USER, EVENT_ID] if has_id else [USER, ITEM, TYPE, EVENT_TIME]
    ordered = events.sort(USER, EVENT_TIME, *tie)
    return ordered.unique(same, keep="first", maintain_order=True)


def code_of(value: str | None, vocabulary: pl.Series) -> int:
    """Code of a value; -1 where the vocabulary lacks it."""
    found = [] if value is None else (vocabulary == value).arg_true().to_list()
    return found[0] if found else -1


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


def offsets_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the ranges of given lengths begin, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
