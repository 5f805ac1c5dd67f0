"""`make bench-serving`: the model server under load.

`python -m benchmarks.serving [--smoke] [--only NAME ...]`. The model and everything the sides write
lie under `runs/benchmarks/serving`; the model is kept for the next time, and so is the last run of
each measure at a commit: what is published are these, once there is one of each.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks.command import asked, each
from benchmarks.kept import keep_rows, rows_of_parts
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars
from benchmarks.serving.disturbance import disturbance
from benchmarks.serving.overhead import overhead
from benchmarks.serving.overload import overload
from benchmarks.serving.recommend import recommend
from benchmarks.serving.sizes import FULL, SMOKE, Sizes
from benchmarks.serving.soak import soak
from benchmarks.serving.swap import swap
from benchmarks.serving.workshop import Workshop

_PACKAGES = ("tensorflow", "grpcio", "protobuf", "numpy")

MEASURES: dict[str, Callable[[Workshop, Sizes], list[Row]]] = {
    "overhead": overhead,
    "recommend": recommend,
    "swap": swap,
    "overload": overload,
    "soak": soak,
}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("serving", __doc__, MEASURES)
    sizes = SMOKE if wanted.smoke else FULL
    shop = Workshop(SMOKE_RESULTS / "serving", sizes.items)
    shop.prepare()
    for name, _ in each("serving", wanted, MEASURES):
        keep_rows(shop.rows_of(name), measured(name, shop, sizes))
    rows, commits = rows_of_parts({name: shop.rows_of(name) for name in MEASURES})
    if wanted.smoke:
        rows = without_bars(rows)
    # What a part of the benchmark measured must not replace the whole.
    smoke = wanted.smoke or len(commits) < len(MEASURES)
    publish("serving", "make bench-serving", rows, versions_of(*_PACKAGES), smoke=smoke)
    return int(any(row.holds is False for row in rows))


def measured(name: str, shop: Workshop, sizes: Sizes) -> list[Row]:
    """The rows of one measure, and how much else the machine had to do meanwhile."""
    with disturbance() as others:
        rows = MEASURES[name](shop, sizes)
    rows.append(Row(f"{name}: taken by others meanwhile", others.processors, "processors"))
    return [finite(row) for row in rows]


def finite(row: Row) -> Row:
    """The row as JSON can hold it: no figure where calls failed for good."""
    value = row.value if row.value is not None and math.isfinite(row.value) else None
    peers = {name: figure for name, figure in row.peers.items() if math.isfinite(figure)}
    return replace(row, value=value, peers=peers)


if __name__ == "__main__":
    sys.exit(main())
