"""`make bench-evaluation`: the Evaluator of lists against its bars and the model server.

`python -m benchmarks.evaluation [--smoke]`. The log, the model and the requests lie under
`runs/benchmarks/evaluation` and are kept for the next time.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.evaluation.sizes import FULL, SMOKE
from benchmarks.evaluation.speed import speed
from benchmarks.evaluation.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, publish, versions_of, without_bars

_PACKAGES = ("tensorflow", "tensorflow-model-analysis", "tfx", "apache-beam", "numpy")


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minute-long form")
    smoke = parser.parse_args().smoke
    sizes = SMOKE if smoke else FULL
    workshop = Workshop(SMOKE_RESULTS / "evaluation", sizes)
    workshop.prepare()
    rows = speed(workshop, sizes.repeats)
    if smoke:  # start-up is most of the cost of few requests
        rows = without_bars(rows)
    publish("evaluation", "make bench-evaluation", rows, versions_of(*_PACKAGES), smoke=smoke)
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
