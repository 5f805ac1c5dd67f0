"""`make bench-loop`: from an event to the list that knows of it.

`python -m benchmarks.loop [--smoke] [--only NAME ...]`. Needs `redis-server` on PATH. The model and
everything the sides write lie under `runs/benchmarks/loop`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import redis

from benchmarks.command import asked, each, publish_asked
from benchmarks.loop.freshness import freshness
from benchmarks.loop.redis_server import redis_server
from benchmarks.loop.sizes import FULL, SMOKE, Sizes
from benchmarks.loop.throughput import throughput
from benchmarks.results import SMOKE_RESULTS, Row, versions_of, without_bars

_PACKAGES = ("redis", "protobuf", "tensorflow", "grpcio")
_FOLDER = SMOKE_RESULTS / "loop"

MEASURES: dict[str, Callable[[Path, Sizes], list[Row]]] = {
    "throughput": throughput,
    "freshness": freshness,
}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("loop", __doc__, MEASURES)
    sizes = SMOKE if wanted.smoke else FULL
    rows: list[Row] = []
    for _, measure in each("loop", wanted, MEASURES):
        rows += measure(_FOLDER, sizes)
    if wanted.smoke:
        rows = without_bars(rows)
    versions = {**versions_of(*_PACKAGES), "redis-server": _server_version()}
    return publish_asked("loop", wanted, rows, versions)


def _server_version() -> str:
    with redis_server(_FOLDER / "redis") as url, redis.Redis.from_url(url) as server:
        return str(server.info("server")["redis_version"])


if __name__ == "__main__":
    sys.exit(main())
