"""A Redis server for one measurement; its log is on disk within a second, as it is deployed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from benchmarks.processes import SideError, start

_START_SECONDS = 30.0


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Runs a server on a free port; gives its URL.

    Args:
        folder: Of its files; what is there is removed.

    Raises:
        SideError: There is none on PATH, or it does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise SideError("this benchmark needs `redis-server` on PATH. Run scripts/install_redis.sh")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder.resolve())]
    durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
    process = start([program, *place, *durable], folder / "redis.log")
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with redis.Redis(port=port) as client:
        while True:
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                return
            if time.monotonic() > deadline:
                raise SideError(f"a Redis server must answer within {_START_SECONDS:g} s")
            time.sleep(0.05)


def pin(core: int) -> None:
    """Keeps this process on one of its cores."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})
