"""How large the benchmark is: as it is published, and in its minute-long form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the logs, in events unless something else is said.

    Attributes:
        same_rows: The log on which all sides must write the same rows.
        speed: The log of the comparison with PySpark.
        per_element: The log of the comparison with per-element Beam, whose speed does not grow.
        growth: The logs of the growth of costs, ascending.
        spans: How many parts of the rows have an analysis of their own.
        heavy: The log with the heavy user.
        heavy_user: Events of that user.
        replayed: Request rows that are replayed event by event.
        killed: The log of the run that is killed.
        repeats: Measurements of a side, of which the middle one counts.
    """

    same_rows: int
    speed: int
    per_element: int
    growth: tuple[int, ...]
    spans: int
    heavy: int
    heavy_user: int
    replayed: int
    killed: int
    repeats: int


FULL = Sizes(
    same_rows=100_000,
    speed=5_000_000,
    per_element=300_000,
    growth=(1_000_000, 5_000_000, 20_000_000),
    spans=5,
    heavy=5_000_000,
    heavy_user=1_000_000,
    replayed=10_000,
    killed=2_000_000,
    repeats=3,
)

# One log serves nearly all measures.
SMOKE = Sizes(
    same_rows=20_000,
    speed=20_000,
    per_element=20_000,
    growth=(10_000, 20_000),
    spans=2,
    heavy=20_000,
    heavy_user=5_000,
    replayed=200,
    killed=20_000,
    repeats=1,
)
