"""Events a second into written examples, beside PySpark and per-element Beam, and the same rows."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.data.digest import differences, digests
from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Workshop
from benchmarks.processes import Cost
from benchmarks.results import Row, at_least, at_most

_OVER_SPARK, _OVER_PER_ELEMENT = 5.0, 10.0
_SPARK, _PER_ELEMENT = "PySpark local[2]", "per-element Beam"


def same_rows(shop: Workshop, sizes: Sizes) -> list[Row]:
    """All sides on one log: the features that any two of them write differently."""
    log = shop.log(sizes.same_rows)
    job = shop.job(log, "spark")
    beam = shop.job(log, "per_element")
    shop.sluice(log)
    shop.spark(job)
    shop.per_element(beam)
    ours = digests(shop.examples("sluice"), job)
    others = {
        _SPARK: differences(ours, digests(Path(job.out), job)),
        _PER_ELEMENT: differences(ours, digests(Path(beam.out), beam)),
    }
    counts = {name: float(len(found)) for name, found in others.items()}
    named = ", ".join(sorted({feature for found in others.values() for feature in found}))
    measure = "features that the sides write differently" + (f" ({named})" if named else "")
    return [at_most(measure, max(counts.values()), "features", 0, counts)]


def speed(shop: Workshop, sizes: Sizes) -> list[Row]:
    """The comparison of speeds, one side after the other on the same cores.

    A side's clock runs from the log to its last written file; starting the interpreter, importing,
    and starting Spark's session are not in it.
    """
    large, small = shop.log(sizes.speed), shop.log(sizes.per_element)
    job, beam = shop.job(large, "spark"), shop.job(small, "per_element")
    rates = _rates(
        {
            "Sluice": (sizes.speed, lambda: shop.sluice(large)),
            _SPARK: (sizes.speed, lambda: shop.spark(job)),
            "Sluice, small": (sizes.per_element, lambda: shop.sluice(small)),
            _PER_ELEMENT: (sizes.per_element, lambda: shop.per_element(beam)),
        },
        sizes.repeats,
    )
    ours = rates["Sluice"]
    return [
        Row(
            f"events into written examples, {sizes.speed:,} events",
            ours,
            "events/s",
            peers={
                _SPARK: rates[_SPARK],
                f"{_PER_ELEMENT} ({sizes.per_element:,} events)": rates[_PER_ELEMENT],
                f"Sluice ({sizes.per_element:,} events)": rates["Sluice, small"],
            },
        ),
        at_least("the same, over PySpark", ours / rates[_SPARK], "x", _OVER_SPARK),
        at_least(
            "the same, over per-element Beam on a smaller log",
            ours / rates[_PER_ELEMENT],
            "x",
            _OVER_PER_ELEMENT,
        ),
    ]


def _rates(sides: Mapping[str, tuple[int, Callable[[], Cost]]], repeats: int) -> dict[str, float]:
    """Events a second of each side: the middle one of some runs, the sides taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, (_, work) in sides.items():
            seconds[name].append(work().said["seconds"])
    return {name: events / statistics.median(seconds[name]) for name, (events, _) in sides.items()}
