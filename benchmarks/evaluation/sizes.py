"""How large the benchmark is: as it is published, and in its minute-long form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        events: The simulated log that the model is trained on.
        queries: Requests that are evaluated.
        calls: Requests that the model server is asked, one a call.
        repeats: Measurements of a side, of which the middle one counts.
    """

    events: int
    queries: int
    calls: int
    repeats: int


FULL = Sizes(events=100_000, queries=100_000, calls=500, repeats=3)
SMOKE = Sizes(events=20_000, queries=2_000, calls=50, repeats=1)
