"""A queue in Redis Streams: for any number of machines.

Keys, each behind the queue's prefix: `events:<partition>` is a stream whose entries hold the
message in the field `e`, read by the consumer group `fold`; `partitions` is their number, `dead`
the stream of dead letters.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis

from serving.redis_connection import RedisConnection
from serving.stream.queue import DeadLetter, Entry, QueueError, StreamShapeError, partition_of

_MISSING = "the stream of events is in Redis, and the one at {place} does not give it"
_GROUP = "fold"
_FIELD = b"e"
_BEFORE_ALL = "0-0"  # a position that no entry is given
_DEAD_LETTERS = 100_000  # kept at least, the latest
# Keeps a dead letter where it was not acknowledged yet. KEYS: stream, dead letters. ARGV: group,
# position, letters to keep, then fields and values.
_BURY = """
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
return 1
"""


class RedisQueue:
    """An `EventQueue` on a Redis server.

    Entries are as durable as the server's settings make them (`appendonly`, `appendfsync`).

    Args:
        url: `redis://host:port/db`, `rediss://` for TLS, `unix://path`; it may hold credentials,
            which appear in no message.
        prefix: Of the keys, so that several queues may share a server.
        partitions: Number of parts; the same for everybody who uses the queue, for all its life.
        claim_after_s: Entries that a consumer has had for so long without acknowledging them are
            given to another.
        timeout_s: Longest wait for one answer, seconds.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "sluice",
        partitions: int = 8,
        claim_after_s: float = 10.0,
        timeout_s: float = 1.0,
    ) -> None:
        self.partitions = partitions
        self._prefix = prefix
        self._claim_after_s = claim_after_s
        self._next_claim = 0.0
        self._longest_wait_s = timeout_s / 2
        self._checked = False
        self._name = uuid.uuid4().hex
        server = RedisConnection(url, timeout_s, _MISSING, QueueError)
        self._redis, self._explained = server.client, server.explained
        self._bury = self._redis.register_script(_BURY)

    def append(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """See `EventSink`."""
        self._check_partitions()
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            for user_id, payload in messages:
                key = self._key(partition_of(user_id, self.partitions))
                pipeline.xadd(key, {_FIELD: payload})
            pipeline.execute()

    def read(self, partitions: Sequence[int], count: int, wait_s: float) -> list[Entry]:
        """See `EventQueue`."""
        self._check_partitions()
        with self._explained():
            try:
                return self._claimed(partitions, count) or self._new(partitions, count, wait_s)
            except redis.ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                self._make_groups(partitions)
                return self._new(partitions, count, wait_s)

    def acknowledge(self, entries: Sequence[Entry], dead: Sequence[DeadLetter]) -> None:
        """See `EventQueue`."""
        buried = {(entry.partition, entry.position) for entry, _ in dead}
        done: dict[int, list[str]] = {}
        for entry in entries:
            if (entry.partition, entry.position) not in buried:
                done.setdefault(entry.partition, []).append(entry.position)
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            for partition, positions in done.items():
                pipeline.xack(self._key(partition), _GROUP, *positions)
            for entry, reason in dead:
                fields = {**entry._asdict(), "reason": reason}
                self._bury(
                    keys=[self._key(entry.partition), f"{self._prefix}:dead"],
                    args=[_GROUP, entry.position, _DEAD_LETTERS, *_flat(fields)],
                    client=pipeline,
                )
            pipeline.execute()

    def scan(
        self, partition: int, after: str | None, count: int, until: str | None = None
    ) -> list[Entry]:
        """See `EventQueue`."""
        self._check_partitions()
        start, end = "-" if after is None else f"({after}", until or "+"
        with self._explained():
            found: Any = self._redis.xrange(self._key(partition), start, end, count)
        return _entries(partition, found)

    def tail(self, partition: int) -> str:
        """See `EventQueue`."""
        self._check_partitions()
        with self._explained():
            if not self._redis.exists(self._key(partition)):
                return _BEFORE_ALL
            stream: Any = self._redis.xinfo_stream(self._key(partition))
        last: bytes = stream["last-generated-id"]
        return last.decode()

    def trim(self, until: Mapping[int, str]) -> None:
        """See `EventQueue`."""
        with self._explained():
            for partition, position in until.items():
                if (consumed := self._first_unconsumed(partition)) is not None:
                    keep = min(consumed, _following(position), key=_order)
                    self._redis.xtrim(self._key(partition), minid=keep, approximate=False)

    def remove(self, entries: Sequence[Entry]) -> None:
        """See `EventQueue`."""
        gone = {(entry.partition, entry.position) for entry in entries}
        with self._explained():
            for partition, position in gone:
                self._redis.xdel(self._key(partition), position)
            for place, letter in self._letters():
                if (letter.entry.partition, letter.entry.position) in gone:
                    self._redis.xdel(f"{self._prefix}:dead", place)

    def backlog(self, partitions: Sequence[int] | None = None) -> int:
        """See `EventQueue`."""
        self._check_partitions()
        with self._explained():
            return sum(map(self._unconsumed, partitions or range(self.partitions)))

    def is_held(self, partition: int, until: str) -> bool:
        """See `EventQueue`."""
        self._check_partitions()
        with self._explained():
            if self._group(partition) is None:
                return False
            key = self._key(partition)
            held: Any = self._redis.xpending_range(key, _GROUP, "-", until, 1)
        return bool(held)

    def waiting_since(self, partition: int) -> int | None:
        """See `EventQueue`."""
        self._check_partitions()
        with self._explained():
            start = self._first_unconsumed(partition) or "-"
            found: Any = self._redis.xrange(self._key(partition), start, "+", 1)
        return next((entry.arrival for entry in _entries(partition, found)), None)

    def dead_letters(self) -> list[DeadLetter]:
        """See `EventQueue`."""
        with self._explained():
            return [letter for _, letter in self._letters()]

    def close(self) -> None:
        """See `EventQueue`."""
        self._redis.close()

    def _key(self, partition: int) -> str:
        return f"{self._prefix}:events:{partition}"

    def _check_partitions(self) -> None:
        """Who first uses a queue decides how many parts it has."""
        if self._checked:
            return
        key = f"{self._prefix}:partitions"
        with self._explained():
            found: Any = self._redis.set(key, self.partitions, nx=True, get=True)
        if found is not None and int(found) != self.partitions:
            raise StreamShapeError(
                f"a stream must have the same number of partitions for everybody; received "
                f"{self.partitions}, and {self._prefix!r} has {int(found)}. Give that number"
            )
        self._checked = True

    def _letters(self) -> Iterator[tuple[bytes, DeadLetter]]:
        """Dead letters, each with its place among them."""
        found: Any = self._redis.xrange(f"{self._prefix}:dead")
        for place, fields in found:
            partition, position = int(fields[b"partition"]), fields[b"position"].decode()
            entry = Entry(partition, position, int(fields[b"arrival"]), fields[b"payload"])
            yield place, DeadLetter(entry, fields[b"reason"].decode())

    def _make_groups(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            try:
                self._redis.xgroup_create(self._key(partition), _GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def _new(self, partitions: Sequence[int], count: int, wait_s: float) -> list[Entry]:
        keys = {self._key(partition): partition for partition in partitions}
        wait_ms = max(1, int(1000 * min(wait_s, self._longest_wait_s)))
        found: Any = self._redis.xreadgroup(
            _GROUP, self._name, dict.fromkeys(keys, ">"), count, block=wait_ms
        )
        return [one for key, rows in found or () for one in _entries(keys[key.decode()], rows)]

    def _claimed(self, partitions: Sequence[int], count: int) -> list[Entry]:
        """What consumers left behind that have died."""
        if time.monotonic() < self._next_claim:
            return []
        claimed = []
        for partition in partitions:
            idle_ms = int(1000 * self._claim_after_s)
            found: Any = self._redis.xautoclaim(
                self._key(partition), _GROUP, self._name, idle_ms, count=count
            )
            claimed += _entries(partition, found[1])
        if not claimed:
            self._next_claim = time.monotonic() + self._claim_after_s / 2
        return claimed

    def _first_unconsumed(self, partition: int) -> str | None:
        """From where on entries are needed; None where nobody consumes."""
        group = self._group(partition)
        if group is None:
            return None
        pending: Any = self._redis.xpending(self._key(partition), _GROUP)
        if pending["pending"]:
            first: bytes = pending["min"]
            return first.decode()
        return _following(group["last-delivered-id"].decode())

    def _unconsumed(self, partition: int) -> int:
        group = self._group(partition)
        if group is None:
            return int(self._redis.xlen(self._key(partition)))
        if group["lag"] is not None:
            return int(group["pending"]) + int(group["lag"])
        # Redis does not know it where entries were deleted; then they are counted.
        start = f"({group['last-delivered-id'].decode()}"
        new: Any = self._redis.xrange(self._key(partition), start)
        return int(group["pending"]) + len(new)

    def _group(self, partition: int) -> dict[str, Any] | None:
        if not self._redis.exists(self._key(partition)):
            return None
        groups: Any = self._redis.xinfo_groups(self._key(partition))
        return next((one for one in groups if one["name"] == _GROUP.encode()), None)


def _entries(partition: int, rows: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    found = []
    for place, fields in rows:
        position = place.decode()
        arrival = int(position.partition("-")[0]) // 1000
        found.append(Entry(partition, position, arrival, fields.get(_FIELD, b"")))
    return found


def _order(position: str) -> tuple[int, int]:
    milliseconds, _, number = position.partition("-")
    return int(milliseconds), int(number)


def _following(position: str) -> str:
    milliseconds, number = _order(position)
    return f"{milliseconds}-{number + 1}"


def _flat(fields: Mapping[str, Any]) -> Iterator[Any]:
    for name, value in fields.items():
        yield from (name, value)
