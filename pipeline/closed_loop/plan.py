"""What a closed loop is asked to go through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoopPlan:
    """Sizes of the shop, and what befalls shop and trainer. Days are numbered from 1.

    Attributes:
        days: Days that a model serves.
        before: Days before them, whose log the first model is trained on.
        visitors: About how many users come a day.
        users: Number of users.
        items: Number of items.
        seed: Of the shop.
        drift_day: Day on which tastes and popularity change.
        burst_day: Day on which many new items and users come at once.
        broken_day: Day on which the items table comes with a broken category.
        outage: First and last day on whose evening no model is trained.
    """

    days: int = 10
    before: int = 7
    visitors: int = 300
    users: int = 900
    items: int = 200
    seed: int = 7
    drift_day: int | None = None
    burst_day: int | None = None
    broken_day: int | None = None
    outage: tuple[int, int] | None = None

    def planted(self, day: int) -> tuple[str, ...]:
        """What befalls a day, in words."""
        return tuple(
            word
            for word, is_today in (
                ("drift", day == self.drift_day),
                ("burst", day == self.burst_day),
                ("broken category", day == self.broken_day),
                ("trainer out", self.is_out(day)),
            )
            if is_today
        )

    def is_out(self, day: int) -> bool:
        """Whether there is no training on the evening of a day."""
        return self.outage is not None and self.outage[0] <= day <= self.outage[1]
