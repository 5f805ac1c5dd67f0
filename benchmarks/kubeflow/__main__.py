"""`make bench-kubeflow`: what a node's process costs, and what becomes of killed ones.

`python -m benchmarks.kubeflow [--smoke] [--only NAME ...]`. What is run lies under
`runs/benchmarks/kubeflow`; what was measured of each part is kept there, so that one can be
measured again without the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.command import asked, each
from benchmarks.kept import keep_rows, rows_of_parts
from benchmarks.kubeflow.demo import demo
from benchmarks.kubeflow.kills import kills
from benchmarks.kubeflow.start_up import start_up, start_up_of_few
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars

_PACKAGES = ("tfx", "tensorflow", "apache-beam", "ml-metadata", "kfp")
_FOLDER = SMOKE_RESULTS / "kubeflow"

MEASURES: dict[str, Callable[[Path], list[Row]]] = {
    "start-up": start_up,
    "kills": kills,
    "demo": demo,
}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("kubeflow", __doc__, MEASURES)
    if wanted.smoke:
        rows = without_bars(start_up_of_few(_FOLDER))
        publish("kubeflow", "make bench-kubeflow", rows, versions_of(*_PACKAGES), smoke=True)
        return 0
    for name, measure in each("kubeflow", wanted, MEASURES):
        keep_rows(_rows_of(name), measure(_FOLDER))
    rows, commits = rows_of_parts({name: _rows_of(name) for name in MEASURES})
    versions = {**versions_of(*_PACKAGES), **commits}
    whole = len(commits) == len(MEASURES)
    publish("kubeflow", "make bench-kubeflow", rows, versions, smoke=not whole)
    return int(any(row.holds is False for row in rows))


def _rows_of(name: str) -> Path:
    return _FOLDER / f"{name}.json"


if __name__ == "__main__":
    sys.exit(main())
