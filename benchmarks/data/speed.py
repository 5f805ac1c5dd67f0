"""Events a second into written examples, beside PySpark and per-element Beam, and the same rows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.data.digest import differences, digests
from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row, at_least, at_most

_OVER_SPARK, _OVER_PER_ELEMENT = 5.0, 10.0
_PEERS = {Side.SPARK: "PySpark local[2]", Side.PER_ELEMENT: "per-element Beam"}


def same_rows(shop: Workshop, sizes: Sizes) -> list[Row]:
    """All sides on one log: the features that any two of them write differently."""
    log = shop.log(sizes.same_rows)
    job = shop.job(Side.SPARK, log)
    for side in (Side.SLUICE, *_PEERS):
        run_once(shop, side, log)
    ours = digests(shop.examples(Side.SLUICE, log), job)
    found = {
        name: differences(ours, digests(shop.examples(side, log), job))
        for side, name in _PEERS.items()
    }
    counts = {name: float(len(features)) for name, features in found.items()}
    named = sorted({feature for features in found.values() for feature in features})
    measure = " ".join(["features that the sides write differently", ", ".join(named)]).strip()
    return [at_most(measure, max(counts.values()), "features", 0, counts)]


def speed(shop: Workshop, sizes: Sizes) -> list[Row]:
    """The comparison of speeds, one side after the other on the same cores.

    A side's clock runs from the end of its imports to its last written file; starting Spark's
    session or Beam's workers is in it.
    """
    large, small = shop.log(sizes.speed), shop.log(sizes.per_element)
    rates = _rates(
        shop,
        {
            (Side.SLUICE, large): sizes.speed,
            (Side.SPARK, large): sizes.speed,
            (Side.SLUICE, small): sizes.per_element,
            (Side.PER_ELEMENT, small): sizes.per_element,
        },
        sizes.repeats,
    )
    ours, spark = rates[Side.SLUICE, large], rates[Side.SPARK, large]
    per_element = rates[Side.PER_ELEMENT, small]
    return [
        Row(
            f"events into written examples, {sizes.speed:,} events",
            ours,
            "events/s",
            peers={
                _PEERS[Side.SPARK]: spark,
                f"{_PEERS[Side.PER_ELEMENT]} ({sizes.per_element:,} events)": per_element,
                f"Sluice ({sizes.per_element:,} events)": rates[Side.SLUICE, small],
            },
        ),
        at_least("the same, over PySpark", ours / spark, "x", _OVER_SPARK),
        at_least(
            "the same, over per-element Beam on a smaller log",
            ours / per_element,
            "x",
            _OVER_PER_ELEMENT,
        ),
    ]


def _rates(
    shop: Workshop, sides: Mapping[tuple[Side, Path], int], repeats: int
) -> dict[tuple[Side, Path], float]:
    """Events a second of each side: the middle one of some runs, the sides taking turns."""
    seconds = {key: [run_once(shop, *key).said["seconds"]] for key in sides}
    for _ in range(repeats - 1):
        for key in sides:
            seconds[key].append(shop.run(*key).said["seconds"])
    return {key: events / statistics.median(seconds[key]) for key, events in sides.items()}
