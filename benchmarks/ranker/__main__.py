"""`make bench-ranker`: the ranker beside boosted trees, on lists that were shown and on receipts.

`python -m benchmarks.ranker [--smoke] [--only LOG ...]`. Logs and rows lie under
`runs/benchmarks/ranker`; the rows are kept until the code or the settings change. What is measured
on a log takes the place of what is published of it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

from benchmarks.kept import beside_published, not_measured
from benchmarks.ranker.environment import ENVIRONMENT, PEERS
from benchmarks.ranker.measures import measured, probabilities, truth, truth_without_place
from benchmarks.ranker.rows import rows_of
from benchmarks.ranker.sources import COMPLETE_JOURNEY, SHOP, SMALL_SHOP, Source
from benchmarks.ranker.table import TEST, TRAIN, VALIDATION, Table
from benchmarks.ranker.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars

_OURS = "ranker"
_PACKAGES = ("tensorflow", "tensorflow-recommenders", "tfx", "numpy", "scikit-learn")
_FOLDER = SMOKE_RESULTS / "ranker"
_COMMAND = "make bench-ranker"
_SOURCES = {source.name: source for source in (SHOP, COMPLETE_JOURNEY)}
_SEEDS = (1, 2, 3)


def main() -> int:
    """Measures all sides; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranker", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small shop, one seed, no bars")
    parser.add_argument("--only", nargs="+", choices=_SOURCES, default=_SOURCES, metavar="LOG")
    options = parser.parse_args()
    if options.smoke:
        rows = without_bars(_measured(SMALL_SHOP, seeds=(1,)))
        publish("ranker", _COMMAND, rows, _versions(), smoke=True)
        return 0
    found = []
    for name in options.only:
        of_log = _measured(_SOURCES[name], _SEEDS)
        found += of_log
        _publish(name, of_log)
    return int(any(row.holds is False for row in found))


def _publish(name: str, of_log: Sequence[Row]) -> None:
    """Publishes a log's rows beside those of the other, and names what is not measured yet."""
    rows, facts = beside_published("ranker", _SOURCES, name, of_log)
    facts["logs not measured"] = not_measured(_SOURCES, facts)
    publish("ranker", _COMMAND, rows, {**_versions(), **facts}, smoke=False)


def _measured(source: Source, seeds: tuple[int, ...]) -> list[Row]:
    """All sides on one log."""
    sys.stderr.write(f"benchmark ranker: {source.name}\n")
    workshop = Workshop(_FOLDER, source)
    workshop.prepare()
    scored = {name: [workshop.scores(name, seed) for seed in seeds] for name in (_OURS, *PEERS)}
    validation, test = workshop.table(VALIDATION), workshop.table(TEST)
    found = {
        name: [measured(probabilities(s.test, s.validation, validation), test) for s in of_seeds]
        for name, of_seeds in scored.items()
    }
    known = {"the truth, place unknown": truth_without_place, "the truth": truth}
    limits = {name: measured(of(test), test) for name, of in known.items() if test.knows_the_truth}
    seconds = {name: statistics.mean(s.seconds for s in runs) for name, runs in scored.items()}
    ours = found.pop(_OURS)
    return [
        *rows_of(source.name, ours, found, limits),
        Row(f"{source.name}: seconds of training", seconds.pop(_OURS), "s", peers=seconds),
        Row(f"{source.name}: lists that teach", float(len(workshop.table(TRAIN).sizes)), ""),
        *_positives(source.name, test),
    ]


def _positives(name: str, test: Table) -> list[Row]:
    measured = float(test.label[test.measured].sum())
    positives = Row(f"{name}: positives that measure", measured, "")
    if test.measured.all():
        return [positives]
    left_out = float(test.label.sum()) - measured
    return [positives, Row(f"{name}: positives that training does not know", left_out, "")]


def _versions() -> dict[str, str]:
    return {**versions_of(*_PACKAGES), **ENVIRONMENT.versions()}


if __name__ == "__main__":
    sys.exit(main())
