"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the shop.

    Attributes:
        events: Of its log, impressions included.
        items: Of its catalogue.
        repeats: New items, one after the other; the middle one counts.
    """

    events: int
    items: int
    repeats: int


FULL = Sizes(events=60_000, items=100_000, repeats=3)
SMOKE = Sizes(events=20_000, items=2_000, repeats=1)
