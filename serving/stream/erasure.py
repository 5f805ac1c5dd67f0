"""A person is removed from stream, states and log, and the absence is proven."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.stream.log_files import EventLogFiles
from serving.stream.queue import Entry, EventQueue, partition_of
from serving.user_state.record import UNKNOWN, DamagedRecordError
from serving.user_state.store import UserStateStore

_PAGE = 2000
_PAUSE_SECONDS = 1.0  # in which who keeps sending sends again
_ROUNDS = 5
# Longer than another consumer waits before it takes what a dead one has left.
_HELD_SECONDS = 30.0
_POLL_SECONDS = 0.05


class ErasureError(Exception):
    """The person is still there, or may come back; the message says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Erased:
    """What was removed.

    Attributes:
        states: Records of the store.
        entries: Entries of the stream.
        dead_letters: Dead letters.
        rows: Rows of the log.
    """

    states: int
    entries: int
    dead_letters: int
    rows: int


def erase(queue: EventQueue, store: UserStateStore, files: EventLogFiles, user_id: str) -> Erased:
    """Removes a person; what is removed once stays so, unless new events of the person come.

    Holding `files` keeps the compactor from writing what it has already read. What a consumer has
    in hand it may still bring back, so it is waited for.

    Args:
        queue: The stream.
        store: The states.
        files: The log.
        user_id: The person.

    Raises:
        ErasureError: New events of the person keep coming, or a consumer does not acknowledge what
            it has read: then the person may come back.
    """
    done = Erased(0, 0, 0, 0)
    for _ in range(_ROUNDS):
        found = _erase_once(queue, store, files, user_id)
        if found == Erased(0, 0, 0, 0):
            return done
        done = Erased(*map(sum, zip(astuple(done), astuple(found), strict=True)))
        time.sleep(_PAUSE_SECONDS)
    raise ErasureError(
        "a person that is erased must not send events any more; after "
        f"{_ROUNDS} rounds there were still new ones. Stop them, and erase again"
    )


def write_audit(path: Path, user_id: str, done: Mapping[str, Any]) -> None:
    """Adds a line to the record of erasures: when, how much, and whom as a salted hash.

    Whoever knows the id can check that it is meant; the id does not follow from the line.

    Args:
        path: The file.
        user_id: The person.
        done: How much of what was removed, and whether nothing is left; without the id.
    """
    salt = os.urandom(16)
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "salt": salt.hex(),
        "user": hash_of(user_id, salt),
        **done,
    }
    with path.open("a") as audit:
        audit.write(json.dumps(line) + "\n")
        audit.flush()
        os.fsync(audit.fileno())


def hash_of(user_id: str, salt: bytes) -> str:
    """What stands for a person in the record of erasures; slow, as ids are easily listed."""
    return hashlib.scrypt(user_id.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


def _erase_once(
    queue: EventQueue, store: UserStateStore, files: EventLogFiles, user_id: str
) -> Erased:
    entries = [one for one in _entries(queue, user_id) if _is_of(one.payload, user_id)]
    dead = _dead(queue, user_id)
    queue.remove([*entries, *dead])
    _wait_for_consumers(queue, partition_of(user_id, queue.partitions))
    late = _dead(queue, user_id)  # of what they had in hand
    queue.remove(late)
    try:
        known = store.read([user_id])[0][0] != UNKNOWN
    except DamagedRecordError:
        known = True
    if known:
        store.erase(user_id)
    return Erased(int(known), len(entries), len(dead + late), files.erase(user_id))


def _wait_for_consumers(queue: EventQueue, partition: int) -> None:
    """Until nobody has anything in hand that he has read before now."""
    until = queue.tail(partition)
    deadline = time.monotonic() + _HELD_SECONDS
    while queue.is_held(partition, until):
        if time.monotonic() > deadline:
            raise ErasureError(
                "what a consumer has read it must apply before a person can leave for good; after "
                f"{_HELD_SECONDS:g} s partition {partition} still has entries that were read and "
                "not acknowledged. Start its consumer (`sluice stream consume`), and erase again"
            )
        time.sleep(_POLL_SECONDS)


def _entries(queue: EventQueue, user_id: str) -> Iterator[Entry]:
    partition, after = partition_of(user_id, queue.partitions), None
    while page := queue.scan(partition, after, _PAGE):
        yield from page
        after = page[-1].position


def _dead(queue: EventQueue, user_id: str) -> list[Entry]:
    return [one.entry for one in queue.dead_letters() if _is_of(one.entry.payload, user_id)]


def _is_of(payload: bytes, user_id: str) -> bool:
    """Whether a message is of a user; what cannot be read is, where it holds the name."""
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError):
        return user_id.encode() in payload
    return isinstance(fields, dict) and fields.get("user_id") == user_id
