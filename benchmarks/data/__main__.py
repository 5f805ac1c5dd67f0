"""`make bench-data`: the data side against its bars and its peers.

`python -m benchmarks.data [--smoke] [--only NAME ...]`. Logs and everything the sides write lie
under `runs/benchmarks/data`; logs are kept for the next time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.command import asked, each, publish_asked
from benchmarks.data.growth import growth
from benchmarks.data.heavy import heavy_user
from benchmarks.data.replay import batch_is_online
from benchmarks.data.resumption import resumed_bytes
from benchmarks.data.sizes import FULL, SMOKE, Sizes
from benchmarks.data.spark.environment import spark_versions
from benchmarks.data.speed import same_rows, speed
from benchmarks.data.tft_rates import tft_rates
from benchmarks.data.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, Row, versions_of, without_bars

_PACKAGES = ("apache-beam", "polars", "pyarrow", "numpy", "tensorflow", "tensorflow-transform")

MEASURES: dict[str, Callable[[Workshop, Sizes], list[Row]]] = {
    "same-rows": same_rows,
    "speed": speed,
    "growth": growth,
    "tft": tft_rates,
    "heavy-user": heavy_user,
    "replay": batch_is_online,
    "resumption": resumed_bytes,
}

# Start-up is most of the cost of small logs, so a smoke run reports these without their bars.
_NEEDS_SIZE = ("speed", "growth", "heavy-user")


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("data", __doc__, MEASURES)
    shop = Workshop(SMOKE_RESULTS / "data")
    sizes = SMOKE if wanted.smoke else FULL
    rows: list[Row] = []
    for name, measure in each("data", wanted, MEASURES):
        measured = measure(shop, sizes)
        too_small = wanted.smoke and name in _NEEDS_SIZE
        rows += without_bars(measured) if too_small else measured
    versions = {**versions_of(*_PACKAGES), **spark_versions()}
    return publish_asked("data", wanted, rows, versions)


if __name__ == "__main__":
    sys.exit(main())
