"""`make bench-training`: how fast the retriever learns.

`python -m benchmarks.training [--smoke] [--only NAME ...]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.command import asked, each, publish_asked
from benchmarks.quality.environment import ENVIRONMENT
from benchmarks.results import SMOKE_RESULTS, Row, versions_of, without_bars
from benchmarks.training.catalogue import catalogue
from benchmarks.training.reading import reading
from benchmarks.training.sizes import FULL, SMOKE
from benchmarks.training.speed import speed
from benchmarks.training.workshop import Workshop

MEASURES: dict[str, Callable[[Workshop], list[Row]]] = {
    "speed": speed,
    "reading": reading,
    "catalogue": catalogue,
}
_PACKAGES = ("tensorflow", "tensorflow-recommenders", "tf-keras", "numpy")


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("training", __doc__, MEASURES)
    workshop = Workshop(SMOKE_RESULTS / "training", SMOKE if wanted.smoke else FULL)
    rows: list[Row] = []
    for _, measure in each("training", wanted, MEASURES):
        rows += measure(workshop)
    if wanted.smoke:
        rows = without_bars(rows)
    versions = {**versions_of(*_PACKAGES), **ENVIRONMENT.versions()}
    return publish_asked("training", wanted, rows, versions)


if __name__ == "__main__":
    sys.exit(main())
