"""`make bench-warm_start`: a tenth of the steps from yesterday's model, against all from none.

`python -m benchmarks.warm_start [--smoke]`. Everything lies under `runs/benchmarks/warm_start`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence

from benchmarks.results import SMOKE_RESULTS, Row, publish, versions_of, without_bars
from benchmarks.warm_start.evening import COLD, SHORT, WARM, Shop, Trained
from benchmarks.warm_start.sizes import FULL, SMOKE

_PACKAGES = ("tensorflow", "tfx", "numpy")


def main() -> int:
    """Trains all sides with each seed; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm_start", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the short form")
    asked = parser.parse_args()
    sizes = SMOKE if asked.smoke else FULL
    folder = SMOKE_RESULTS / "warm_start"
    shutil.rmtree(folder, ignore_errors=True)
    shop = Shop(folder, sizes.events)
    rows = rows_of([shop.evening(seed) for seed in sizes.seeds])
    if asked.smoke:
        rows = without_bars(rows)
    versions = versions_of(*_PACKAGES)
    publish("warm_start", "make bench-warm_start", rows, versions, smoke=asked.smoke)
    return int(any(row.holds is False for row in rows))


def rows_of(evenings: Sequence[Mapping[str, Trained]]) -> list[Row]:
    """The figures of all seeds.

    Args:
        evenings: Of each seed, side -> what became of it.
    """
    rows = []
    for measure, key in (("NDCG@10", "ndcg"), ("Recall@10", "recall")):
        mean = {side: _mean(evenings, side, key) for side in (WARM, COLD, SHORT)}
        spread = {
            f"{side} with seed {n}": getattr(evening[side], key)
            for n, evening in enumerate(evenings, start=1)
            for side in (WARM, COLD)
        }
        held = f">= {mean[COLD]:.4f}, of a cold start"
        holds = mean[WARM] >= mean[COLD]
        peers = {side: mean[side] for side in (COLD, SHORT)} | spread
        rows.append(Row(f"{measure} of a warm start", mean[WARM], "", held, holds, peers))
        below = f"< {mean[WARM]:.4f}, of a warm start"
        control = f"control: {measure} of a {SHORT}"
        rows.append(Row(control, mean[SHORT], "", below, mean[SHORT] < mean[WARM]))
    warm = [evening[WARM].warm and not evening[COLD].warm for evening in evenings]
    rows.append(
        Row(
            "evenings on which the right side started warm",
            sum(warm),
            f"of {len(warm)}",
            f">= {len(warm)}",
            all(warm),
        )
    )
    seconds = {side: _mean(evenings, side, "seconds") for side in (WARM, COLD, SHORT)}
    others = {side: seconds[side] for side in (COLD, SHORT)}
    rows.append(Row("seconds of both trainings, warm", seconds[WARM], "s", peers=others))
    return rows


def _mean(evenings: Sequence[Mapping[str, Trained]], side: str, key: str) -> float:
    return statistics.mean(float(getattr(evening[side], key)) for evening in evenings)


if __name__ == "__main__":
    sys.exit(main())
