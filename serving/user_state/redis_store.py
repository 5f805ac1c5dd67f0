"""User states in Redis: for any number of machines.

Keys, each behind the store's prefix: `user:<user_id>` is a hash of `version` (decimal), `record`
(see `serving.user_state.encoding`), `live` (the number of live events that are yet to be folded)
and those events, in fields named by the version that they made. `publication` is a string (JSON),
`live` the set of the users with such events, and `items:<day>` a hash of the events of a day since
1970, by type and item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.redis_connection import RedisConnection
from serving.user_state.encoding import encode, encode_live
from serving.user_state.live import COUNTS_KEPT_SECONDS, ItemCounts, LiveEvent
from serving.user_state.opening import Opened, open_record
from serving.user_state.record import (
    UNKNOWN,
    Publication,
    UserRecord,
    UserStateError,
    published,
)
from serving.user_state.redis_scripts import APPEND, COMPARE_AND_SET
from serving.user_state.store import Change

# A type of event holds no line break: the stream and the event reader refuse it in ids.
_TYPE_ENDS = "\n"
_MISSING = "the users' states come from Redis, and the one at {place} does not give them"
_ROUNDS = 200  # in each, at least one of the writers that meet comes through


class RedisUserStates:
    """A `UserStateStore` on a Redis server.

    A write is as durable as the server's settings make it (`appendfsync`).

    Args:
        url: `redis://host:port/db`, `rediss://` for TLS, `unix://path`; it may hold credentials,
            which appear in no message.
        prefix: Of the keys, so that several stores may share a server.
        timeout_s: Longest wait for one answer, seconds.
    """

    def __init__(self, url: str, prefix: str = "sluice", timeout_s: float = 1.0) -> None:
        self._prefix = prefix
        server = RedisConnection(url, timeout_s, _MISSING, UserStateError)
        self._redis, self._explained = server.client, server.explained
        self._append = self._redis.register_script(APPEND)
        self._compare_and_set = self._redis.register_script(COMPARE_AND_SET)

    def read(self, user_ids: Sequence[str]) -> tuple[list[UserRecord], Publication]:
        """See `UserStateStore`."""
        opened, publication = self._read(user_ids)
        return [one.record for one in opened], publication

    def update(self, user_ids: Sequence[str], change: Change) -> list[int]:
        """See `UserStateStore`. Each user changes for itself."""
        versions: dict[str, int] = {}
        for _ in range(_ROUNDS):
            open_ids = [user_id for user_id in user_ids if user_id not in versions]
            if not open_ids:
                return [versions[user_id] for user_id in user_ids]
            found, publication = self._read(open_ids)
            changed: dict[str, tuple[Opened, UserRecord]] = {}
            for user_id, before in zip(open_ids, found, strict=True):
                after = change(user_id, before.record, publication)
                if after is before.record:
                    versions[user_id] = after.version
                else:
                    changed[user_id] = (before, after)
            versions |= self._write(changed)
        raise UserStateError(
            f"a write must come through within {_ROUNDS} attempts; others were always faster for "
            f"{len(user_ids) - len(versions)} users. Write with fewer processes at a time"
        )

    def append(self, live: Mapping[str, Sequence[LiveEvent]]) -> dict[str, int]:
        """See `UserStateStore`."""
        if not live:
            return {}
        keys = [f"{self._prefix}:live", *map(self._key, live)]
        values = [
            value
            for user_id, events in live.items()
            for value in (user_id, encode_live(events), len(events))
        ]
        with self._explained():
            counts = self._append(keys=keys, args=values)
        return dict(zip(live, counts, strict=True))

    def users_with_live(self, count: int) -> list[str]:
        """See `UserStateStore`."""
        with self._explained():
            found: Any = self._redis.srandmember(f"{self._prefix}:live", count)
        return [user_id.decode() for user_id in found]

    def item_counts(self, day: int) -> dict[tuple[str, str], int]:
        """See `UserStateStore`."""
        with self._explained():
            found: Any = self._redis.hgetall(f"{self._prefix}:items:{day}")
        counts = {}
        for field, count in found.items():
            event_type, _, item_id = field.decode().partition(_TYPE_ENDS)
            counts[event_type, item_id] = int(count)
        return counts

    def erase(self, user_id: str) -> None:
        """See `UserStateStore`."""
        with self._explained(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(self._key(user_id))
            pipeline.srem(f"{self._prefix}:live", user_id)
            pipeline.execute()

    def publish(self, publication: Publication) -> None:
        """See `UserStateStore`."""
        with self._explained():
            self._redis.set(f"{self._prefix}:publication", publication.to_json())

    def close(self) -> None:
        """See `UserStateStore`."""
        self._redis.close()

    def _read(self, user_ids: Sequence[str]) -> tuple[list[Opened], Publication]:
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.get(f"{self._prefix}:publication")
            for user_id in user_ids:
                pipeline.hgetall(self._key(user_id))
            content, *found = pipeline.execute()
        publication = published(content)
        return [_opened(fields, publication) for fields in found], publication

    def _write(self, changed: Mapping[str, tuple[Opened, UserRecord]]) -> dict[str, int]:
        """Writes what is still as it was read; gives the new versions of those records."""
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            for user_id, (before, after) in changed.items():
                record = encode(after.state, after.features, after.ledger)
                version = before.record.version
                self._compare_and_set(
                    keys=[self._key(user_id), f"{self._prefix}:live"],
                    args=[
                        *(version, version + 1, record, user_id, COUNTS_KEPT_SECONDS),
                        *self._counted(before.counts),
                    ],
                    client=pipeline,
                )
            done = pipeline.execute()
        return {
            user_id: before.record.version + 1
            for (user_id, (before, _)), written in zip(changed.items(), done, strict=True)
            if written
        }

    def _counted(self, counts: ItemCounts) -> Iterator[str | int]:
        for (day, event_type, item_id), count in counts.items():
            yield from (f"{self._prefix}:items:{day}", event_type + _TYPE_ENDS + item_id, count)

    def _key(self, user_id: str) -> str:
        return f"{self._prefix}:user:{user_id}"


def _opened(fields: Mapping[bytes, bytes], publication: Publication) -> Opened:
    if b"version" not in fields:
        return Opened(UNKNOWN, Counter())
    # A hash has no order; of two events with one name the first to come counts.
    live = sorted((name for name in fields if name.isdigit()), key=int)
    encoded = fields.get(b"record", b"") + b"".join(fields[name] for name in live)
    return open_record(int(fields[b"version"]), encoded, publication.settings)
