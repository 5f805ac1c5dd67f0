"""How long entries waited, counted in classes."""

from __future__ import annotations

from bisect import bisect_left

_ENDS_S = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86_400.0)


class Waits:
    """A histogram to which many equal waits are added at once.

    Attributes:
        total_s: Sum of all waits, seconds.
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(_ENDS_S) + 1)
        self.total_s = 0.0

    def add(self, wait_s: float, times: int) -> None:
        """Adds a wait so many times. A wait is never below 0: clocks differ."""
        wait_s = max(0.0, wait_s)
        self._counts[bisect_left(_ENDS_S, wait_s)] += times
        self.total_s += times * wait_s

    def buckets(self) -> list[tuple[str, float]]:
        """End of each class, seconds, and how many waits were no longer; the last end is +Inf."""
        counted, found = 0, []
        for end, count in zip((*map(str, _ENDS_S), "+Inf"), list(self._counts), strict=True):
            counted += count
            found.append((end, float(counted)))
        return found
