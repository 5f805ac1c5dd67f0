"""The consumer: from the stream into the states of users, as fast as events come.

A batch of entries is appended to the records of its users, then acknowledged. A consumer that dies
in between leaves its entries to another, which appends them once more; the record's ledger makes
that harmless (see `serving.user_state.live`). Events are folded by whoever reads a record; the
consumer writes the outcome back when enough have gathered, or when there is little else to do.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from serving.stream.messages import POSITION_BEGINS, Exposure, Message
from serving.stream.parsing import MalformedError, parse
from serving.stream.queue import (
    DeadLetter,
    Entry,
    EventQueue,
    QueueError,
    StreamShapeError,
    partition_of,
)
from serving.stream.waits import Waits
from serving.user_state.live import LiveEvent
from serving.user_state.record import DamagedRecordError, UserStateError
from serving.user_state.store import UserStateStore, settle
from transform.state import Event

# Item -> its categories as (feature, category), for windows that count by one.
Categories = Mapping[str, tuple[tuple[str, str], ...]]
Result = TypeVar("Result")

_ENTRIES = 1000  # read at a time, of each partition
_WAIT_SECONDS = 0.5
# Events of a user that are folded together: each read folds those that have gathered.
_SETTLE_AT = 64
_SETTLE_USERS = 200
_SETTLE_EVERY_SECONDS = 1.0
_ALL = 1 << 31
_LONGEST_PAUSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclasses.dataclass
class Consumed:
    """What a consumer has done.

    Attributes:
        entries: Entries that it acknowledged, dead letters among them.
        events: Events in them; a list of ten items is ten.
        dead_letters: Reason -> dead letters.
        waits: From the arrival of each entry until it was applied.
        failures: Times that stream or store did not answer.
    """

    entries: int = 0
    events: int = 0
    dead_letters: Counter[str] = dataclasses.field(default_factory=Counter)
    waits: Waits = dataclasses.field(default_factory=Waits)
    failures: int = 0

    @property
    def dead(self) -> int:
        """Dead letters."""
        return self.dead_letters.total()

    def add(
        self, entries: Sequence[Entry], live: Iterable[LiveEvent], dead: Sequence[DeadLetter]
    ) -> None:
        """Counts a batch that has just been acknowledged."""
        self.entries += len(entries)
        self.events += sum(len(one.events) for one in live)
        self.dead_letters.update(letter.reason for letter in dead)
        now = time.time()
        for arrival, count in Counter(entry.arrival for entry in entries).items():
            self.waits.add(now - arrival, count)


class Consumer:
    """Applies the events of some partitions.

    Args:
        queue: Where they come from.
        store: Where the states are.
        categories: The categories of the items.
        share: (k, n): of n consumers this is number k, from 0; it takes every n-th partition.

    Attributes:
        partitions: Those that it takes.
        consumed: What it has done.

    Raises:
        StreamShapeError: There are fewer partitions than consumers.
    """

    def __init__(
        self,
        queue: EventQueue,
        store: UserStateStore,
        categories: Categories,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        number, consumers = share
        if not 0 <= number < consumers <= queue.partitions:
            raise StreamShapeError(
                f"a consumer must be one of 0 to n - 1, and have a partition; received {number} of "
                f"{consumers} for {queue.partitions} partitions. Start fewer consumers"
            )
        self._queue, self._store, self._categories = queue, store, categories
        self.partitions = range(number, queue.partitions, consumers)
        self._settled_at = 0.0
        self._wait_s = 0.0
        self._left_alone: set[str] = set()  # their records cannot be read
        self._stopped = threading.Event()
        self.consumed = Consumed()

    @property
    def damaged(self) -> int:
        """Users whose stored state cannot be read."""
        return len(self._left_alone)

    def stop(self) -> None:
        """Lets `run` end after the batch at hand; for signal handlers and other threads."""
        self._stopped.set()

    def run(self, *, until_idle: bool = False) -> None:
        """Consumes until it is stopped.

        It waits for a queue or a store that does not answer.

        Args:
            until_idle: Stop when no entry is left.
        """
        while not self._stopped.is_set():
            entries = self._persist(partial(self._read, 0.0 if until_idle else self._wait_s))
            if entries:
                self._apply(entries)
            self._sweep(idle=not entries)
            if until_idle and not entries and not self._left():
                return

    def _read(self, wait_s: float) -> list[Entry]:
        return self._queue.read(self.partitions, _ENTRIES, wait_s)

    def _apply(self, entries: Sequence[Entry]) -> None:
        live, dead = self._sorted(entries)
        gathered = self._persist(partial(self._store.append, live))
        self._persist(partial(self._queue.acknowledge, entries, dead))
        self.consumed.add(entries, chain.from_iterable(live.values()), dead)
        full = [user for user, count in gathered.items() if count >= _SETTLE_AT]
        self._settle([user for user in full if user not in self._left_alone])

    def _sorted(
        self, entries: Sequence[Entry]
    ) -> tuple[dict[str, list[LiveEvent]], list[DeadLetter]]:
        """Live events by user, and what is none."""
        impression = self._persist(lambda: self._store.read([])[1].settings.impression_type)
        live: dict[str, list[LiveEvent]] = {}
        dead = []
        for entry in entries:
            try:
                message = parse(entry.payload, entry.arrival)
            except MalformedError as error:
                dead.append(DeadLetter(entry, str(error)))
                continue
            event = live_event(message, impression, self._categories)
            live.setdefault(message.user_id, []).append(event)
        return live, dead

    def _sweep(self, *, idle: bool) -> None:
        """Settles some of those users of whom not enough has gathered yet."""
        if idle or time.monotonic() - self._settled_at > _SETTLE_EVERY_SECONDS:
            users = self._own_live(_SETTLE_USERS)
            self._settle(users)
            self._settled_at = time.monotonic()
            self._wait_s = 0.0 if users else _WAIT_SECONDS

    def _settle(self, users: Sequence[str]) -> None:
        try:
            settle(self._store, users)
        except UserStateError as error:
            # Nothing is lost: every read folds the events, and a later attempt settles them. The
            # stream must not stand still because of one damaged record.
            _log.warning("settling %d users failed, trying each: %s", len(users), error)
            for user in users:
                self._persist(partial(self._store.read, []))  # until the store answers
                self._settle_one(user)

    def _settle_one(self, user: str) -> None:
        try:
            settle(self._store, [user])
        except DamagedRecordError as error:
            _log.error("the state of a user is left as it is: %s", error)
            self._left_alone.add(user)
        except UserStateError as error:
            _log.warning("a later attempt settles a user: %s", error)

    def _own_live(self, count: int) -> list[str]:
        """Of some users that are to be settled, those whose events this consumer takes."""
        users = self._persist(partial(self._store.users_with_live, count))
        return [
            user
            for user in users
            if partition_of(user, self._queue.partitions) in self.partitions
            and user not in self._left_alone
        ]

    def _left(self) -> bool:
        backlog = self._persist(partial(self._queue.backlog, self.partitions))
        return bool(backlog or self._own_live(_ALL))

    def _persist(self, act: Callable[[], Result]) -> Result:
        """Does something until it succeeds; whatever it is, it may be done twice."""
        pause = 0.05
        while True:
            try:
                return act()
            except (QueueError, UserStateError) as error:
                self.consumed.failures += 1
                if self._stopped.is_set():
                    raise
                _log.warning("trying again in %.2f s: %s", pause, error)
                self._stopped.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def live_event(message: Message, impression_type: str, categories: Categories) -> LiveEvent:
    """What the fold applies for a message.

    Args:
        message: The message.
        impression_type: The type of the events of a list that was shown.
        categories: The categories of the items.
    """
    time_ = message.event_time
    if isinstance(message, Exposure):
        events = (
            Event(item, impression_type, time_, categories.get(item, ()))
            for item in message.item_ids
        )
        return LiveEvent(message.request_id + POSITION_BEGINS, tuple(events))
    item = message.item_id
    event = Event(item, message.event_type, time_, categories.get(item, ()))
    return LiveEvent(message.event_id, (event,))
