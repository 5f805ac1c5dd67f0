"""User states in Redis: for any number of machines.

Keys, each behind the store's prefix: `user:<user_id>` is a hash of `version` (decimal) and `record`
(see `serving.user_state.encoding`), `publication` is a string (JSON).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from serving.user_state.encoding import decode, encode
from serving.user_state.record import (
    NOTHING_PUBLISHED,
    UNKNOWN,
    Publication,
    UserRecord,
    UserStateError,
)
from serving.user_state.store import Change

# Writes a record where its version is still the expected one; tells whether it was.
_COMPARE_AND_SET = """
local found = redis.call('HGET', KEYS[1], 'version') or '0'
if found ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3])
return 1
"""
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
        self._publication = (b"", NOTHING_PUBLISHED)
        # A write that is sent again because its answer was lost would count an event twice.
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._place = self._redis.connection_pool.connection_kwargs

    def read(self, user_ids: Sequence[str]) -> tuple[list[UserRecord], Publication]:
        """See `UserStateStore`."""
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.get(f"{self._prefix}:publication")
            for user_id in user_ids:
                pipeline.hmget(self._key(user_id), "version", "record")
            published, *found = pipeline.execute()
        return [_record(*fields) for fields in found], self._published(published)

    def update(self, user_ids: Sequence[str], change: Change) -> list[int]:
        """See `UserStateStore`. Each user changes for itself."""
        versions: dict[str, int] = {}
        for _ in range(_ROUNDS):
            open_ids = [user_id for user_id in user_ids if user_id not in versions]
            if not open_ids:
                return [versions[user_id] for user_id in user_ids]
            records, publication = self.read(open_ids)
            changed: dict[str, tuple[UserRecord, UserRecord]] = {}
            for user_id, record in zip(open_ids, records, strict=True):
                after = change(user_id, record, publication)
                if after is record:
                    versions[user_id] = record.version
                else:
                    changed[user_id] = (record, after)
            versions |= self._write(changed)
        raise UserStateError(
            f"a write must come through within {_ROUNDS} attempts; others were always faster for "
            f"{len(user_ids) - len(versions)} users. Write with fewer processes at a time"
        )

    def publish(self, publication: Publication) -> None:
        """See `UserStateStore`."""
        with self._explained():
            self._redis.set(f"{self._prefix}:publication", publication.to_json())

    def close(self) -> None:
        """See `UserStateStore`."""
        self._redis.close()

    def _write(self, changed: dict[str, tuple[UserRecord, UserRecord]]) -> dict[str, int]:
        """Writes what is still as it was read; gives the new versions of those records."""
        with self._explained(), self._redis.pipeline(transaction=False) as pipeline:
            for user_id, (before, after) in changed.items():
                record = encode(after.state, after.features)
                versions = (str(before.version), str(before.version + 1))
                pipeline.eval(_COMPARE_AND_SET, 1, self._key(user_id), *versions, record)
            done = pipeline.execute()
        return {
            user_id: before.version + 1
            for (user_id, (before, _)), written in zip(changed.items(), done, strict=True)
            if written
        }

    def _key(self, user_id: str) -> str:
        return f"{self._prefix}:user:{user_id}"

    def _published(self, content: bytes | None) -> Publication:
        if content is None:
            return NOTHING_PUBLISHED
        if content != self._publication[0]:
            self._publication = (content, Publication.from_json(content))
        return self._publication[1]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            place = self._place.get("path") or f"{self._place['host']}:{self._place['port']}"
            raise UserStateError(
                f"the users' states come from Redis, and the one at {place} does not give them "
                f"({error}). Start it, or correct its address"
            ) from error


def _record(version: Any, record: Any) -> UserRecord:
    return UNKNOWN if version is None else UserRecord(int(version), *decode(record))
