"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the shop, and how often it is learned.

    Attributes:
        events: Of its log, impressions included.
        seeds: Seeds of the trainings.
    """

    events: int
    seeds: tuple[int, ...]


FULL = Sizes(events=100_000, seeds=(1, 2, 3))
SMOKE = Sizes(events=15_000, seeds=(1,))
