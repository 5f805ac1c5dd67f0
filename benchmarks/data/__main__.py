"""`make bench-data`: the data side against its bars and its peers.

`python -m benchmarks.data [--smoke] [--only NAME ...]`. Logs and everything the sides write lie
under `runs/benchmarks/data`; logs are kept for the next time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks.data.growth import growth
from benchmarks.data.heavy import heavy_user
from benchmarks.data.replay import batch_is_online
from benchmarks.data.resumption import resumed_bytes
from benchmarks.data.sizes import FULL, SMOKE, Sizes
from benchmarks.data.spark.environment import spark_versions
from benchmarks.data.speed import same_rows, speed
from benchmarks.data.tft_rates import tft_rates
from benchmarks.data.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of

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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minute-long form")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="some of the measures")
    asked = parser.parse_args()
    shop = Workshop(SMOKE_RESULTS / "data")
    sizes = SMOKE if asked.smoke else FULL
    rows: list[Row] = []
    for name in asked.only or MEASURES:
        sys.stderr.write(f"benchmark data: {name}\n")
        measured = MEASURES[name](shop, sizes)
        too_small = asked.smoke and name in _NEEDS_SIZE
        rows += [replace(row, bar=None, holds=None) for row in measured] if too_small else measured
    versions = {**versions_of(*_PACKAGES), **spark_versions()}
    # What a part of the benchmark measured must not replace the whole.
    smoke = asked.smoke or bool(asked.only)
    publish("data", "make bench-data", rows, versions, smoke=smoke)
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
