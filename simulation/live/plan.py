"""What is planned for a shop that is open: its sizes, and what befalls it on which day."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.plan import DAY, EVENTS_PER_SESSION, START, Plan


@dataclass(frozen=True)
class LivePlan:
    """An open shop. Its days are numbered from 1; those before the first model end with 0.

    Attributes:
        before: Days on which the shop shows its own pages, because there is no model yet.
        days: Days after them.
        visitors: About how many users come a day.
        users: Number of users.
        items: Number of items.
        seed: The same plan and the same lists give the same events.
        drift_day: Day on which tastes and popularity change; None for never.
        burst_day: Day on which many new items and users come at once; None for never.
        broken_day: Day on which the shop exports its items with a broken category; None for never.
    """

    before: int = 7
    days: int = 3
    visitors: int = 150
    users: int = 450
    items: int = 200
    seed: int = 7
    drift_day: int | None = None
    burst_day: int | None = None
    broken_day: int | None = None

    def __post_init__(self) -> None:
        for name in ("before", "days", "visitors", "users", "items"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"An open shop's `{name}` must be at least 1. Received: {getattr(self, name)}. "
                    "Ask for more."
                )
        for name in ("drift_day", "burst_day", "broken_day"):
            day = getattr(self, name)
            if day is not None and not 1 <= day <= self.days:
                raise ValueError(
                    f"`{name}` must be one of the {self.days} days. Received: {day}. Choose a day "
                    "from 1 on, or ask for more days."
                )

    def midnight(self, day: int) -> int:
        """When a day begins (unix seconds)."""
        return START + (self.before + day - 1) * DAY

    def world_plan(self) -> Plan:
        """The plan of its world and its people."""
        days = self.before + self.days
        return Plan(
            events=int(self.visitors * EVENTS_PER_SESSION * days),
            users=self.users,
            items=self.items,
            days=days,
            seed=self.seed,
            drift_time=None if self.drift_day is None else self.midnight(self.drift_day),
            heavy_user=0,
        )
