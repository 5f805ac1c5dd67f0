"""`make bench-loop`: from an event to the list that knows of it.

`python -m benchmarks.loop [--smoke] [--only NAME ...]`. Needs `redis-server` on PATH. The model and
everything the sides write lie under `runs/benchmarks/loop`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import redis

from benchmarks.command import asked
from benchmarks.loop.freshness import freshness
from benchmarks.loop.redis_server import redis_server
from benchmarks.loop.sizes import FULL, SMOKE, Sizes
from benchmarks.loop.throughput import throughput
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars

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
    for name in wanted.only or MEASURES:
        sys.stderr.write(f"benchmark loop: {name}\n")
        rows += MEASURES[name](_FOLDER, sizes)
    if wanted.smoke:
        rows = without_bars(rows)
    # What a part of the benchmark measured must not replace the whole.
    smoke = wanted.smoke or bool(wanted.only)
    versions = {**versions_of(*_PACKAGES), "redis-server": _server_version()}
    publish("loop", "make bench-loop", rows, versions, smoke=smoke)
    return int(any(row.holds is False for row in rows))


def _server_version() -> str:
    with redis_server(_FOLDER / "redis") as url, redis.Redis.from_url(url) as server:
        return str(server.info("server")["redis_version"])


if __name__ == "__main__":
    sys.exit(main())
