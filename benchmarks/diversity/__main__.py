"""`make bench-diversity`: what diversification costs and brings, at each strength.

`python -m benchmarks.diversity [--smoke] [--config FILE]`. It takes the trained parts of the
latest run of the settings (`make demo` makes one), and composes them anew at each strength.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.diversity.figure import Point, curve
from benchmarks.diversity.measures import Floats, Quality, change, quality, well_formed
from benchmarks.diversity.served import Items, Served, median_times, serve
from benchmarks.diversity.trained import HeldOut, TrainedRun, latest_run
from benchmarks.results import ROOT, Row, at_least, publish, versions_of

K = 10


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        strengths: Settings of `diversity`, beginning with 0.
        requests: Held-out requests; None takes all.
        timed: Requests whose time is taken.
    """

    strengths: tuple[float, ...]
    requests: int | None
    timed: int


FULL = Sizes((0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0), None, 300)
SMOKE = Sizes((0.0, 0.5), 100, 30)


def main() -> int:
    """Measures all strengths; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diversity", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minute-long form")
    config = ROOT / "pipeline" / "configs" / "movielens-100k.yaml"
    parser.add_argument("--config", type=Path, default=config, help="settings of a finished run")
    asked = parser.parse_args()
    sizes = SMOKE if asked.smoke else FULL
    run = latest_run(asked.config)
    held_out = run.held_out(sizes.requests)
    with tempfile.TemporaryDirectory() as folder:
        served = {s: _serve(run, s, Path(folder) / f"{s:g}") for s in sizes.strengths}
        lists = {s: side.lists([row.record for row in held_out], K) for s, side in served.items()}
        times = _times(run, served, sizes)
    measured = _quality(run, served[0.0], lists, held_out)
    pushed = Served(run.pushed).lists([row.record for row in held_out], K)
    rows = [*_guarantees(lists, pushed, held_out), *_prices(measured), times]
    command = "make bench-diversity"
    path = publish("diversity", command, rows, versions_of("tensorflow"), smoke=asked.smoke)
    path.with_suffix(".svg").write_text(_figure(measured))
    return int(any(row.holds is False for row in rows))


def _serve(run: TrainedRun, strength: float, folder: Path) -> Served:
    sys.stderr.write(f"benchmark diversity: composing at {strength:g}\n")
    return serve(run, strength, folder)


def _quality(
    run: TrainedRun, plain: Served, lists: Mapping[float, Items], held_out: list[HeldOut]
) -> dict[float, Quality]:
    names = np.unique(np.concatenate([shown.reshape(-1) for shown in lists.values()]))
    catalogue = run.catalogue_size()
    cosines = plain.cosines(names, catalogue)
    targets = [row.target for row in held_out]
    return {s: quality(shown, targets, names, cosines, catalogue) for s, shown in lists.items()}


def _guarantees(lists: Mapping[float, Items], pushed: Items, held_out: list[HeldOut]) -> list[Row]:
    """What diversification must leave as it is."""
    same = float((lists[0.0] == pushed).all(axis=1).mean())
    seen = [row.seen for row in held_out]
    full = min(well_formed(shown, seen) for shown in lists.values())
    return [
        at_least("lists at diversity 0 that equal the pushed model's", same, "share", 1.0),
        at_least(f"lists of {K} different unseen items, at every strength", full, "share", 1.0),
    ]


def _prices(measured: Mapping[float, Quality]) -> list[Row]:
    """A row for each measure: its value at strength 0, and as peers at the others."""
    plain = measured[0.0]

    def row(measure: str, unit: str, values: Mapping[float, float]) -> Row:
        peers = {f"diversity {s:g}": value for s, value in values.items() if s > 0.0}
        return Row(measure, values[0.0], unit, peers=peers)

    def of_targets(title: str, gain: Callable[[Quality], Floats]) -> list[Row]:
        means = {s: float(gain(q).mean()) for s, q in measured.items()}
        margins = {s: change(gain(plain), gain(q))[1] for s, q in measured.items()}
        return [
            row(title, "", means),
            row(f"{title}: 95 % margin of the change from diversity 0", "", margins),
        ]

    return [
        *of_targets(f"NDCG@{K}", lambda q: q.ndcg),
        *of_targets(f"Recall@{K}", lambda q: q.recall),
        row(f"intra-list diversity@{K}", "1 - cosine", {s: q.spread for s, q in measured.items()}),
        row(f"coverage@{K}", "of items", {s: q.coverage for s, q in measured.items()}),
        row(f"distinct lists@{K}", "of lists", {s: q.distinct for s, q in measured.items()}),
    ]


def _times(run: TrainedRun, served: Mapping[float, Served], sizes: Sizes) -> Row:
    """The time of a request does not depend on the strength, only on whether there is one."""
    on = 0.5
    queries = run.queries(sizes.timed)
    plain, diverse = median_times([served[0.0], served[on]], queries, K)
    measure = f"one request for {K} items, in process, median"
    return Row(measure, 1000 * plain, "ms", peers={f"diversity {on:g}": 1000 * diverse})


def _figure(measured: Mapping[float, Quality]) -> str:
    plain = measured[0.0]
    points = [
        Point(s, q.spread, float(q.ndcg.mean()), change(plain.ndcg, q.ndcg)[1])
        for s, q in measured.items()
    ]
    x_label = f"intra-list diversity@{K} (mean of 1 - cosine), by setting `diversity`"
    return curve(points, x_label=x_label, y_label=f"NDCG@{K}")


if __name__ == "__main__":
    sys.exit(main())
