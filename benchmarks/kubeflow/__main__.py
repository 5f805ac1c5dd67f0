"""`make bench-kubeflow`: what a node's process costs, and what becomes of killed ones.

`python -m benchmarks.kubeflow [--smoke] [--only NAME ...]`. What is run lies under
`runs/benchmarks/kubeflow`; what was measured of each part is kept there, so that one can be
measured again without the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.kubeflow.demo import demo
from benchmarks.kubeflow.kills import kills
from benchmarks.kubeflow.start_up import start_up, start_up_of_few
from benchmarks.results import SMOKE_RESULTS, Row, commit, publish, versions_of

_PACKAGES = ("tfx", "tensorflow", "apache-beam", "ml-metadata", "kfp")
_FOLDER = SMOKE_RESULTS / "kubeflow"

MEASURES: dict[str, Callable[[Path], list[Row]]] = {
    "start-up": start_up,
    "kills": kills,
    "demo": demo,
}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kubeflow", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the short form")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="some of the measures")
    asked = parser.parse_args()
    if asked.smoke:  # a machine that does other things too shows nothing but that it works
        rows = [replace(row, bar=None, holds=None) for row in start_up_of_few(_FOLDER)]
        publish("kubeflow", "make bench-kubeflow", rows, versions_of(*_PACKAGES), smoke=True)
        return 0
    for name in asked.only or MEASURES:
        sys.stderr.write(f"benchmark kubeflow: {name}\n")
        _keep(name, MEASURES[name](_FOLDER))
    rows, commits = _kept()
    versions = {**versions_of(*_PACKAGES), **commits}
    whole = len(commits) == len(MEASURES)
    publish("kubeflow", "make bench-kubeflow", rows, versions, smoke=not whole)
    return int(any(row.holds is False for row in rows))


def _keep(name: str, rows: list[Row]) -> None:
    content = {"commit": commit(), "rows": [asdict(row) for row in rows]}
    _FOLDER.mkdir(parents=True, exist_ok=True)
    (_FOLDER / f"{name}.json").write_text(json.dumps(content, indent=2))


def _kept() -> tuple[list[Row], dict[str, str]]:
    """Rows of all parts that were measured, and the commit at which each was."""
    rows: list[Row] = []
    commits = {}
    for name in MEASURES:
        path = _FOLDER / f"{name}.json"
        if path.exists():
            content = json.loads(path.read_text())
            rows += [Row(**row) for row in content["rows"]]
            commits[f"commit of {name}"] = content["commit"]
    return rows, commits


if __name__ == "__main__":
    sys.exit(main())
