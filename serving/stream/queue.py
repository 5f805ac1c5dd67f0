"""The queue of events: what every kind of it offers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class StreamShapeError(ValueError):
    """Partitions or consumers do not fit the stream; the message says what to do."""


class QueueError(Exception):
    """The queue does not answer or holds something else; the message says what to do."""


class Entry(NamedTuple):
    """Something in the queue.

    Attributes:
        partition: The part of the queue; all entries of a user are in one.
        position: Its place there: entries of a partition have ascending ones.
        arrival: When the queue got it, unix seconds; never descending within a partition.
        payload: The message.
    """

    partition: int
    position: str
    arrival: int
    payload: bytes


class DeadLetter(NamedTuple):
    """An entry that was no event.

    Attributes:
        entry: What came.
        reason: What is wrong with it.
    """

    entry: Entry
    reason: str


class EventSink(Protocol):
    """Takes messages. Safe to share between threads."""

    def append(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Adds messages: (user, bytes). They are in the queue when the call returns.

        Raises:
            QueueError: The queue does not answer. Whether it has them is then unknown: send them
                again, a message that comes twice counts once.
        """


class EventQueue(EventSink, Protocol):
    """Gives each entry to the consumer until it is acknowledged, and to the compactor in order.

    Every method raises `QueueError` where the queue does not answer.

    Attributes:
        partitions: Number of parts.
    """

    partitions: int

    def read(self, partitions: Sequence[int], count: int, wait_s: float) -> list[Entry]:
        """Entries that are to be consumed, among them those that a dead consumer left.

        Args:
            partitions: Where to look.
            count: Entries of each partition, at most.
            wait_s: Longest wait where there are none.
        """

    def acknowledge(self, entries: Sequence[Entry], dead: Sequence[DeadLetter]) -> None:
        """Marks entries as consumed and keeps the dead letters among them, each once."""

    def scan(
        self, partition: int, after: str | None, count: int, until: str | None = None
    ) -> list[Entry]:
        """Entries after a position and up to another, whoever has consumed them.

        Args:
            partition: Where to look.
            after: The position; None for all from the first.
            count: Entries at most.
            until: The last position that is asked for; None for all there are.
        """

    def tail(self, partition: int) -> str:
        """The last position that an entry was given, whether it is still there or not."""

    def trim(self, until: Mapping[int, str]) -> None:
        """Removes what is consumed and stands at or before a position of its partition."""

    def remove(self, entries: Sequence[Entry]) -> None:
        """Removes entries from the stream and from the dead letters."""

    def is_held(self, partition: int, until: str) -> bool:
        """Whether a consumer has an entry in hand: read, and not acknowledged yet.

        Args:
            partition: Where to look.
            until: The last position that is asked for.
        """

    def backlog(self, partitions: Sequence[int] | None = None) -> int:
        """Entries of some partitions (None: of all) that are not acknowledged yet."""

    def waiting_since(self, partition: int) -> int | None:
        """Arrival of the oldest entry that is not acknowledged yet; None where there is none."""

    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters there are."""

    def close(self) -> None:
        """Closes the connection."""


def partition_of(user_id: str, partitions: int) -> int:
    """The partition of a user's entries.

    Args:
        user_id: The user.
        partitions: Number of partitions; it stays the same for the life of a queue.
    """
    return zlib.crc32(user_id.encode()) % partitions
