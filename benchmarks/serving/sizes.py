"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        items: Of the catalogue.
        repeats: Measurements of a side, of which the middle one counts.
        closed_seconds: Of one measurement of throughput.
        steady_seconds: Of one load at a steady rate.
    """

    items: int
    repeats: int
    closed_seconds: float
    steady_seconds: float


FULL = Sizes(items=100_000, repeats=3, closed_seconds=10.0, steady_seconds=60.0)
SMOKE = Sizes(items=2_000, repeats=1, closed_seconds=1.0, steady_seconds=2.0)
