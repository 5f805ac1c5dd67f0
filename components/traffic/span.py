"""The stretches of time that are measured and compared."""

from __future__ import annotations

from dataclasses import dataclass

from transform.aggregates import DAY_SECONDS

_HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Span:
    """A window that ends now, and the time before it that it is compared with.

    Attributes:
        now: End of the window, unix seconds.
        hours: Its length.
        reference_days: Length of the time before it.
        attribution_hours: How long a deed counts for what was shown. Only of older lists is it
            known what they led to.
    """

    now: int
    hours: float
    reference_days: float
    attribution_hours: float

    @property
    def window_from(self) -> int:
        """Begin of the window."""
        return self.now - int(self.hours * _HOUR_SECONDS)

    @property
    def attribution_s(self) -> int:
        """How long a deed counts for what was shown, seconds."""
        return int(self.attribution_hours * _HOUR_SECONDS)

    @property
    def begin(self) -> int:
        """The earliest moment that anything looks at."""
        before = max(int(self.reference_days * DAY_SECONDS), self.attribution_s)
        return self.window_from - before
