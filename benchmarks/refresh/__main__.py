"""`make bench-refresh`: a new item, until it is retrieved from a server that goes on serving.

`python -m benchmarks.refresh [--smoke]`. Log and root lie under `runs/benchmarks/refresh`; they are
kept for the next time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

from benchmarks.refresh.newcomer import Arrival, arrivals
from benchmarks.refresh.sizes import FULL, SMOKE
from benchmarks.refresh.workshop import Workshop
from benchmarks.results import (
    SMOKE_RESULTS,
    Row,
    at_most,
    publish,
    versions_of,
    without_bars,
)
from benchmarks.serving.disturbance import disturbance

_PACKAGES = ("tensorflow", "tfx", "grpcio", "numpy")
_BAR_SECONDS = 60.0


def main() -> int:
    """Lets new items arrive; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refresh", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the short form")
    asked = parser.parse_args()
    shop = Workshop(SMOKE_RESULTS / "refresh", SMOKE if asked.smoke else FULL)
    shop.prepare()
    with disturbance() as others:
        rows = rows_of(list(arrivals(shop)), shop.sizes.items)
    rows.append(Row("taken by others meanwhile", others.processors, "processors"))
    if asked.smoke:
        rows = without_bars(rows)
    publish("refresh", "make bench-refresh", rows, versions_of(*_PACKAGES), smoke=asked.smoke)
    return int(any(row.holds is False for row in rows))


def rows_of(found: Sequence[Arrival], items: int) -> list[Row]:
    """The figures of new items; medians.

    Args:
        found: What became of each.
        items: Of the catalogue.
    """
    seconds = [one.retrieved for one in found]
    each = {f"item {number}": value for number, value in enumerate(seconds, start=1)}
    rows = [
        at_most(
            f"new item -> retrieved over gRPC, {items:,} items",
            statistics.median(seconds),
            "s",
            _BAR_SECONDS,
            each,
        ),
        at_most(
            "control: retrieved before the refresh", sum(one.before for one in found), "items", 0
        ),
        Row("calls meanwhile, none of which failed", sum(one.calls for one in found), "calls"),
        Row("until the refresh had ended", statistics.median(one.ended for one in found), "s"),
    ]
    for node in found[0].nodes:
        of_node = statistics.median(one.nodes.get(node, 0.0) for one in found)
        rows.append(Row(f"of it, {node}", of_node, "s"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
