"""How large a shop is asked for: the number of events decides what is not given."""

from __future__ import annotations

import math
from dataclasses import dataclass

START = 1_704_067_200  # 2024-01-01, so that a log is never future-dated
DAY = 24 * 3600
# What a session comes to, on average; the log's budget corrects it as it goes.
EVENTS_PER_SESSION = 21.0
_EVENTS_PER_USER = 100
_FEWEST_ITEMS, _MOST_ITEMS = 100, 200_000


@dataclass(frozen=True)
class Plan:
    """Sizes of a shop.

    Attributes:
        events: About how many events its log has.
        users: Number of users; each has at least one session.
        items: Number of items.
        days: Days (UTC) that the log covers.
        seed: The same plan gives the same bytes.
        drift_time: When tastes, popularity and attributes shift (unix seconds, a midnight), or
            None if they do not.
        heavy_user: About how many of the events are those of the first user; 0 for an ordinary one.
    """

    events: int
    users: int
    items: int
    days: int
    seed: int
    drift_time: int | None
    heavy_user: int

    @property
    def end(self) -> int:
        """First moment after the log (unix seconds)."""
        return START + self.days * DAY


def make_plan(
    events: int,
    users: int | None = None,
    items: int | None = None,
    days: int = 90,
    seed: int = 7,
    drift: float | None = None,
    heavy_user: int = 0,
) -> Plan:
    """Derives the sizes that are not given, and refuses shops that cannot be.

    Args:
        events: See Plan.
        users: By default one for each 100 events.
        items: By default twice the square root of the events, from 100 to 200,000.
        days: See Plan.
        seed: See Plan.
        drift: Share of the time line before the drift, which comes at the nearest midnight.
        heavy_user: See Plan.

    Raises:
        ValueError: If a size is impossible.
    """
    usual_items = min(max(_FEWEST_ITEMS, round(2 * math.sqrt(max(0, events)))), _MOST_ITEMS)
    plan = Plan(
        events=events,
        users=max(1, events // _EVENTS_PER_USER) if users is None else users,
        items=usual_items if items is None else items,
        days=days,
        seed=seed,
        drift_time=None if drift is None else _drift_time(drift, days),
        heavy_user=heavy_user,
    )
    _check(plan)
    return plan


def _drift_time(share: float, days: int) -> int:
    if not 0 < share < 1 or days < 2:
        raise ValueError(
            "`drift` must be a share of the time line, between 0 and 1, in a log of 2 days or "
            f"more. Received: {share} of {days} days. Give 0.5 for the middle."
        )
    return START + min(max(1, round(share * days)), days - 1) * DAY


def _check(plan: Plan) -> None:
    for name, least in (("events", 1), ("users", 1), ("items", 2), ("days", 1), ("seed", 0)):
        if getattr(plan, name) < least:
            raise ValueError(
                f"A shop's `{name}` must be at least {least}. Received: {getattr(plan, name)}. "
                "Ask for more."
            )
    most = max(1, int(plan.events / EVENTS_PER_SESSION))
    if plan.users > most:
        raise ValueError(
            f"Each user has a session of about {EVENTS_PER_SESSION:.0f} events, so {plan.events} "
            f"events must be those of at most {most} users. Received: {plan.users} users. Ask for "
            "fewer users or for more events."
        )
    if not 0 <= plan.heavy_user <= plan.events // 2:
        raise ValueError(
            f"`heavy_user` must be from 0 to half the events, here {plan.events // 2}. Received: "
            f"{plan.heavy_user}. Ask for a lighter user or for more events."
        )
