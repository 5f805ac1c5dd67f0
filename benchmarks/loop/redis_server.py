"""A Redis server of one's own: for a measurement, or for a test that kills it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.processes import SideError, start
from trainer.distribution import free_ports

_START_SECONDS = 30.0
_PORTS = 3  # that are tried


class _EndedError(SideError):
    """A server that was started is over."""


class RedisServer:
    """A Redis server that keeps its keys through a crash, on a port that stays the same.

    Args:
        folder: Of its files.
        appendfsync: When its log is on disk.

    Attributes:
        port: Its port.
        url: Its address.
        process: Its process.

    Raises:
        SideError: There is none on PATH, or it does not start.
    """

    def __init__(self, folder: Path, appendfsync: Literal["always", "everysec"]) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise SideError("`redis-server` must be on PATH. Run scripts/install_redis.sh")
        self._log = folder / "redis.log"
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", appendfsync]
        self._command = [program, "--bind", "127.0.0.1", "--dir", str(folder.resolve()), *durable]
        for left in reversed(range(_PORTS)):
            (self.port,) = free_ports(1)
            try:
                self.start()
                break
            except _EndedError:  # somebody else may have taken the port meanwhile
                if not left:
                    raise
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.process = start([*self._command, "--port", str(self.port)], self._log)
        deadline = time.monotonic() + _START_SECONDS
        once = Retry(NoBackoff(), 0)
        with redis.Redis(port=self.port, socket_timeout=1.0, retry=once) as client:
            while not self._answers(client):
                if (code := self.process.poll()) is not None:
                    raise _EndedError(f"a Redis server ended with code {code}; see {self._log}")
                if time.monotonic() > deadline:
                    self.kill()
                    raise SideError(
                        f"a Redis server must answer within {_START_SECONDS:g} s; see {self._log}"
                    )
                time.sleep(0.05)

    def _answers(self, client: redis.Redis) -> bool:
        # Another program may have the port, and be a Redis server, too.
        with contextlib.suppress(redis.RedisError):
            client.ping()
            told: dict[str, Any] = client.info("server")
            return int(told["process_id"]) == self.process.pid
        return False

    def kill(self) -> None:
        """Ends it with signal 9."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Runs a server whose log is on disk within a second, as it is deployed; gives its URL.

    Args:
        folder: Of its files; what is there is removed.

    Raises:
        SideError: There is none on PATH, or it does not start.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server = RedisServer(folder, "everysec")
    try:
        yield server.url
    finally:
        server.kill()
