"""A Redis server of one's own: for a measurement, or for a test that kills it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import redis

from benchmarks.processes import SideError, start

_START_SECONDS = 30.0


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
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._log = folder / "redis.log"
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder.resolve())]
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", appendfsync]
        self._command = [program, *place, *durable]
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.process = start(self._command, self._log)
        deadline = time.monotonic() + _START_SECONDS
        with redis.Redis(port=self.port) as client:
            while True:
                with contextlib.suppress(redis.ConnectionError, redis.BusyLoadingError):
                    client.ping()
                    return
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise SideError(
                        f"a Redis server must answer within {_START_SECONDS:g} s; see {self._log}"
                    )
                time.sleep(0.05)

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


def pin(core: int) -> None:
    """Keeps this process on one of its cores."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})
