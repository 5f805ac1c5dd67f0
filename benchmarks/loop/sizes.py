"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        events: To be consumed as fast as possible.
        users: Who do them.
        items: Of the catalogue.
        repeats: Measurements of the throughput, of which the middle one counts.
        rate: Events a second while the freshness is measured.
        probes: Events of which it is measured.
        pause_s: From one to the next.
    """

    events: int
    users: int
    items: int
    repeats: int
    rate: int
    probes: int
    pause_s: float


FULL = Sizes(300_000, 5_000, 20_000, 3, 1_000, 300, 0.2)
SMOKE = Sizes(10_000, 200, 2_000, 1, 200, 5, 0.0)
