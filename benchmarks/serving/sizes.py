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
        between_swaps_seconds: From one change of versions to the next.
        pushes: Versions that are pushed under load.
        overload_seconds: Of the overload, and of the load before and after it.
        soak_seconds: Of the load during which versions take over from each other.
        soak_warm_up_seconds: Its beginning, which does not count.
        soak_between_seconds: From the moment a version answers to the push of the next.
    """

    items: int
    repeats: int
    closed_seconds: float
    steady_seconds: float
    between_swaps_seconds: float
    pushes: int
    overload_seconds: float
    soak_seconds: float
    soak_warm_up_seconds: float
    soak_between_seconds: float


FULL = Sizes(100_000, 3, 10.0, 60.0, 20.0, 3, 20.0, 900.0, 240.0, 40.0)
SMOKE = Sizes(2_000, 1, 1.0, 2.0, 2.0, 1, 3.0, 5.0, 0.0, 1.5)
