"""Windows of per-user counts: which events they count, and how far back they reach.

A window slides in hops (a sawtooth window): its far edge lies at a multiple of the hop, its near
edge at the last event before the request. So an online state keeps one integer a hop instead of
every event, and both sides count the same events. The window is never shorter than declared, and
longer by less than one hop, which is at most a sixtieth of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

# A day, an hour, five minutes, a minute.
_HOPS = (86_400, 3_600, 300, 60)
_FEWEST_HOPS = 60


@cache
def hop_seconds(window: int) -> int:
    """Hop of a window: the longest that divides it and fits into it at least 60 times.

    Args:
        window: Length in seconds, whole hours.

    >>> [hop_seconds(hours * 3600) for hours in (1, 24, 7 * 24, 28 * 24, 90 * 24)]
    [60, 300, 3600, 3600, 86400]
    """
    return next(h for h in _HOPS if window % h == 0 and window // h >= _FEWEST_HOPS)


class UserWindow(NamedTuple):
    """One declared count or rate over the recent events of a user.

    Attributes:
        name: Name of the aggregate.
        seconds: Length of the window, whole hours.
        counted: Event type that is counted.
        per: Event type that the count is divided by; `None` for a plain count.
        by: Item feature of kind category, for one value a category; `None` for one value a user.
    """

    name: str
    seconds: int
    counted: str
    per: str | None = None
    by: str | None = None

    @property
    def hop(self) -> int:
        """Seconds of a hop."""
        return hop_seconds(self.seconds)

    @property
    def hops(self) -> int:
        """Full hops that the window reaches back, beside the one of the request."""
        return self.seconds // self.hop

    @property
    def types(self) -> tuple[str, ...]:
        """The event types it counts."""
        return (self.counted,) if self.per is None else (self.counted, self.per)


@cache
def reach(windows: tuple[UserWindow, ...]) -> Mapping[int, int]:
    """Length of each hop -> the most hops that a window reaches back."""
    hops: dict[int, int] = {}
    for window in windows:
        hops[window.hop] = max(window.hops, hops.get(window.hop, 0))
    return hops
