"""How large the benchmark is: as it is published, and in its short form."""

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


FULL = Sizes(100_000, 100_000, 500, 3)
SMOKE = Sizes(20_000, 2_000, 50, 1)
