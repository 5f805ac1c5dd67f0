"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        logs: Simulated logs.
        sessions: Sessions in each.
        users: Users of the shop.
        items: Its items.
    """

    logs: int
    sessions: int
    users: int
    items: int


FULL = Sizes(100, 2_000, 20_000, 500)
SMOKE = Sizes(5, 500, 2_000, 500)
