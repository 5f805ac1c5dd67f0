"""A connection to a Redis server, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class RedisConnection:
    """A connection to one Redis server.

    Args:
        url: `redis://host:port/db`, `rediss://` for TLS, `unix://path`; it may hold credentials,
            which appear in no message.
        timeout_s: Longest wait for one answer, seconds.
        missing: What it means that Redis fails; `{place}` stands for the server.
        error: What is raised where Redis fails.

    Attributes:
        client: Sends nothing twice: a write whose answer was lost may have been done.
    """

    def __init__(self, url: str, timeout_s: float, missing: str, error: type[Exception]) -> None:
        self._missing, self._error = missing, error
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """While open, errors of Redis say what is wrong and what to do."""
        try:
            yield
        except redis.RedisError as error:
            place = self.client.connection_pool.connection_kwargs
            where = place.get("path") or f"{place['host']}:{place['port']}"
            raise self._error(
                f"{self._missing.format(place=where)} ({error}). Start it, or correct its address"
            ) from error
