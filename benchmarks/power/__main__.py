"""`make bench-power`: how small a step back the Verdict notices, and how often it is mistaken.

`python -m benchmarks.power [--smoke]`. The log, the models and their answers lie under
`runs/benchmarks/power` and are kept for the next time.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.power.shop import FULL, REGRESSED, SMOKE, Shop
from benchmarks.power.trials import power_of_the_verdict
from benchmarks.results import SMOKE_RESULTS, publish, versions_of, without_bars

_PACKAGES = ("tensorflow", "tfx", "numpy")


def main() -> int:
    """Tries all candidates; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minutes-long form")
    smoke = parser.parse_args().smoke
    shop = Shop(SMOKE_RESULTS / "power", SMOKE if smoke else FULL)
    shop.prepare()
    traffic = shop.traffic()
    seeds = shop.sizes.seeds
    rows = list(power_of_the_verdict(traffic, shop.sides(traffic), REGRESSED, seeds))
    if smoke:  # few requests show nothing but that it works
        rows = without_bars(rows)
    publish("power", "make bench-power", rows, versions_of(*_PACKAGES), smoke=smoke)
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
