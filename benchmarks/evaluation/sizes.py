"""How large the benchmark is: as it is published, and in its short form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PowerSizes:
    """Sizes of the shop on which the power of the Verdict is measured.

    Attributes:
        events: Of its log, impressions included.
        users: Who shop there.
    """

    events: int
    users: int


@dataclass(frozen=True)
class Sizes:
    """Sizes of the benchmark.

    Attributes:
        events: The simulated log that the model is trained on.
        queries: Requests that are evaluated.
        calls: Requests that the model server is asked, one a call.
        repeats: Measurements of a side, of which the middle one counts.
        power: The shop of the power measure.
    """

    events: int
    queries: int
    calls: int
    repeats: int
    power: PowerSizes


FULL = Sizes(100_000, 100_000, 500, 3, PowerSizes(events=1_300_000, users=44_000))
SMOKE = Sizes(20_000, 2_000, 50, 1, PowerSizes(events=60_000, users=2_000))
