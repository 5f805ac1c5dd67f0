"""`make bench-ranker`: the ranker beside boosted trees, on what a simulated shop showed its users.

`python -m benchmarks.ranker [--smoke]`. Logs and rows lie under `runs/benchmarks/ranker`; the rows
are kept until the code or the settings change.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from benchmarks.ranker.environment import ENVIRONMENT, PEERS
from benchmarks.ranker.measures import measured, probabilities, truth, truth_without_place
from benchmarks.ranker.rows import rows_of
from benchmarks.ranker.table import TEST, TRAIN, VALIDATION
from benchmarks.ranker.workshop import FULL, SMOKE, Scores, Workshop
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars

_OURS = "ranker"
_PACKAGES = ("tensorflow", "tensorflow-recommenders", "tfx", "numpy", "scikit-learn")


def main() -> int:
    """Measures all sides; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranker", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small shop, one seed, no bars")
    smoke = parser.parse_args().smoke
    workshop = Workshop(SMOKE_RESULTS / "ranker", SMOKE if smoke else FULL)
    workshop.prepare()
    scored = {
        name: [workshop.scores(name, seed) for seed in workshop.sizes.seeds]
        for name in (_OURS, *PEERS)
    }
    rows = _rows(workshop, scored)
    versions = {**versions_of(*_PACKAGES), **ENVIRONMENT.versions()}
    publish(
        "ranker", "make bench-ranker", without_bars(rows) if smoke else rows, versions, smoke=smoke
    )
    return int(not smoke and any(row.holds is False for row in rows))


def _rows(workshop: Workshop, scored: dict[str, list[Scores]]) -> list[Row]:
    validation, test = workshop.table(VALIDATION), workshop.table(TEST)
    found = {
        name: [measured(probabilities(s.test, s.validation, validation), test) for s in of_seeds]
        for name, of_seeds in scored.items()
    }
    limits = {
        "the truth, place unknown": measured(truth_without_place(test), test),
        "the truth": measured(truth(test), test),
    }
    seconds = {name: statistics.mean(s.seconds for s in runs) for name, runs in scored.items()}
    ours = found.pop(_OURS)
    return [
        *rows_of(ours, found, limits),
        Row("seconds of training", seconds.pop(_OURS), "s", peers=seconds),
        Row("lists that teach", float(len(workshop.table(TRAIN).sizes)), ""),
        Row("clicks in the lists that measure", float(test.label.sum()), ""),
    ]


if __name__ == "__main__":
    sys.exit(main())
