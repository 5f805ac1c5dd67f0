"""`make bench-evaluation`: the Evaluator of lists, and how far the Verdict can be trusted.

`python -m benchmarks.evaluation [--smoke] [--only NAME ...]`. Logs, models and answers lie under
`runs/benchmarks/evaluation` and are kept for the next time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks.evaluation.power.shop import REGRESSED, Shop
from benchmarks.evaluation.power.trials import power_of_the_verdict
from benchmarks.evaluation.sizes import FULL, SMOKE, Sizes
from benchmarks.evaluation.speed import speed
from benchmarks.evaluation.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of

_FOLDER = SMOKE_RESULTS / "evaluation"
_PACKAGES = ("tensorflow", "tensorflow-model-analysis", "tfx", "apache-beam", "numpy")


def _speed(sizes: Sizes) -> list[Row]:
    workshop = Workshop(_FOLDER, sizes)
    workshop.prepare()
    return speed(workshop, sizes.repeats)


def _power(sizes: Sizes) -> list[Row]:
    shop = Shop(_FOLDER, sizes.power)
    shop.prepare()
    traffic = shop.traffic()
    return list(power_of_the_verdict(traffic, shop.sides(traffic), REGRESSED))


MEASURES: dict[str, Callable[[Sizes], list[Row]]] = {"speed": _speed, "power": _power}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minutes-long form")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="some of the measures")
    asked = parser.parse_args()
    sizes = SMOKE if asked.smoke else FULL
    rows: list[Row] = []
    for name in asked.only or MEASURES:
        sys.stderr.write(f"benchmark evaluation: {name}\n")
        rows += MEASURES[name](sizes)
    if asked.smoke:  # few requests show nothing but that it works
        rows = [replace(row, bar=None, holds=None) for row in rows]
    # What a part of the benchmark measured must not replace the whole.
    smoke = asked.smoke or bool(asked.only)
    publish("evaluation", "make bench-evaluation", rows, versions_of(*_PACKAGES), smoke=smoke)
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
