"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        events: Events of the simulated log, impressions included.
        users: Who shop there.
        windows: Training windows that all sides learn from.
        rounds: How often the sides take their turns.
        passes: Passes of each side over the windows; the first one is not counted.
        peer: Whether RecTools is measured too.
        catalogues: Sizes of the catalogues, the smallest first.
    """

    events: int
    users: int
    windows: int
    rounds: int
    passes: int
    peer: bool
    catalogues: tuple[int, ...]


FULL = Sizes(200_000, 2_000, 1_536, 2, 4, True, (1_000, 10_000, 100_000, 1_000_000))
SMOKE = Sizes(40_000, 500, 256, 1, 2, False, (1_000, 10_000))
