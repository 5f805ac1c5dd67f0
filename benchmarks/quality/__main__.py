"""`make bench-quality`: the composed path's lists beside open recommenders, on public logs.

`python -m benchmarks.quality [--smoke] [--data FOLDER] [--only LOG ...] [--seeds N]
[--peers PEER ...]`. Logs, models and lists lie under `runs/benchmarks/quality`; the models are kept
until the code or the settings change. The rows of a log with all peers take the place of those that
are published; the result names the logs that it lacks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.kept import beside_published, not_measured
from benchmarks.quality.datasets import DATASETS, SHOPS, data_folder
from benchmarks.quality.environment import ENVIRONMENT, PEERS
from benchmarks.quality.ladder import ladder_rows
from benchmarks.quality.protocol import Quality
from benchmarks.quality.rows import ablation_rows, part_rows, rows_of
from benchmarks.quality.workshop import Workshop
from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars

_PACKAGES = ("tensorflow", "tensorflow-recommenders", "tfx", "numpy", "implicit")
_FOLDER = SMOKE_RESULTS / "quality"
_COMMAND = "make bench-quality"
_SEEDS = 3


def main() -> int:
    """Measures each log; 1 where a bar is missed."""
    options = _options()
    if options.smoke:
        return _smoke()
    has_all_peers = set(options.peers) == set(PEERS)
    rows = []
    for dataset in [d for d in DATASETS if d.name in options.only]:
        sys.stderr.write(f"benchmark quality: {dataset.name}\n")
        workshop = Workshop(_FOLDER / dataset.name, dataset)
        workshop.prepare(data_folder(options.data))
        measured = _measure(workshop, range(1, options.seeds + 1), options.peers)
        rows += measured
        if has_all_peers:
            _publish(workshop, measured)
    if not has_all_peers:
        publish("quality", _COMMAND, rows, _versions(), smoke=True)
    return int(any(row.holds is False for row in rows))


def _publish(workshop: Workshop, measured: Sequence[Row]) -> None:
    """Publishes a log's rows beside those of the others, and names those not measured yet."""
    names, name = [dataset.name for dataset in DATASETS], workshop.dataset.name
    rows, facts = beside_published("quality", names, name, measured)
    facts |= {
        f"SHA-256 of the test targets of {name}": workshop.targets,
        "logs not measured": not_measured(names, facts),
    }
    publish("quality", _COMMAND, rows, {**_versions(), **facts}, smoke=False)


def _smoke() -> int:
    rows = []
    for dataset in SHOPS:
        workshop = Workshop(_FOLDER / f"small-{dataset.name}", dataset)
        workshop.prepare(None)
        rows += without_bars(_measure(workshop, [1], ()))
    publish("quality", _COMMAND, rows, versions_of(*_PACKAGES), smoke=True)
    return 0


def _measure(workshop: Workshop, seeds: Sequence[int], peers: Iterable[str]) -> list[Row]:
    """All sides on one log: ours, and the peers for as long as ours took."""
    name, bars, lead = workshop.dataset.name, workshop.dataset.bars, workshop.dataset.lead
    ours = [workshop.composed(seed) for seed in seeds]
    budget = max(lists.seconds for lists in ours)
    found = {p: [workshop.peer(p, seed, budget) for seed in seeds] for p in peers}
    simple = {
        baseline: Quality(values["ndcg_at_10"], values["recall_at_10"])
        for baseline, values in workshop.simple(seeds[0]).items()
    }
    ranks = {peer: [lists.ranks for lists in runs] for peer, runs in found.items()}
    seconds = {p: max(lists.seconds for lists in runs) for p, runs in found.items()}
    variants, retrieved = workshop.ablation(seeds[0])
    return [
        *rows_of(name, [lists.ranks for lists in ours], ranks, simple, bars, lead),
        Row(f"{name}: seconds of training", budget, "s", peers=seconds),
        *ablation_rows(name, variants),
        *(part_rows(name, workshop.parts(seeds[0])) if workshop.dataset.in_parts else ()),
        *ladder_rows(name, ours, retrieved),
    ]


def _versions() -> dict[str, str]:
    return {**versions_of(*_PACKAGES), **ENVIRONMENT.versions()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a simulated shop, without peers")
    parser.add_argument("--data", type=Path, help="folder of the logs")
    names = [dataset.name for dataset in DATASETS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="LOG")
    parser.add_argument("--seeds", type=int, default=_SEEDS, help="how often all is trained")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="trained peers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
