"""The log, day after day, in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.assortment import Shelves
from simulation.batch import Simulator
from simulation.choice import Behaviour
from simulation.people import People
from simulation.plan import DAY, EVENTS_PER_SESSION, START, Plan
from simulation.rhythm import weekday_weight
from simulation.visits import Attendance
from simulation.world import World

# Events that are drawn and held at once: a quarter of a million is some 100 MB.
BATCH_EVENTS = 250_000
_TRUSTED_SESSIONS = 300  # that the assumed mean counts for against the sessions seen so far


@dataclass(frozen=True)
class Part:
    """Consecutive events of a day.

    Attributes:
        day: Its midnight (unix seconds).
        number: Which part of the day, from 0.
        events: See Batch.
    """

    day: int
    number: int
    events: pl.DataFrame


class Budget:
    """Says how many sessions a day may have, so that the log gets the size asked for."""

    def __init__(self, plan: Plan, attendance: Attendance) -> None:
        days = range(START, plan.end, DAY)
        new = np.array([len(attendance.newcomers(day)) for day in days], np.float64)
        again = np.array([attendance.returning_weight(day) * weekday_weight(day) for day in days])
        sessions = max(plan.events / EVENTS_PER_SESSION, new.sum())
        weight = new + (sessions - new.sum()) * again / again.sum()
        # A day's share of what is left; the last day takes all of it.
        self._shares = iter(weight / np.maximum(np.cumsum(weight[::-1])[::-1], 1e-9))
        self._left = float(plan.events)
        self._seen_events = EVENTS_PER_SESSION * _TRUSTED_SESSIONS
        self._seen_sessions = float(_TRUSTED_SESSIONS)
        self._heavy_share = plan.heavy_user / plan.events
        self._sessions = 0

    def next_day(self) -> tuple[int, int]:
        """Sessions of the next day, and how many of them are the heavy user's."""
        mean = self._seen_events / self._seen_sessions
        sessions = max(0, round(self._left * next(self._shares) / mean))
        heavy_before = int(self._sessions * self._heavy_share)
        self._sessions += sessions
        return sessions, int(self._sessions * self._heavy_share) - heavy_before

    def spend(self, sessions: int, events: int) -> None:
        """Takes sessions that happened into account."""
        self._left -= events
        self._seen_sessions += sessions
        self._seen_events += events


def parts(plan: Plan, world: World, people: People, behaviour: Behaviour) -> Iterator[Part]:
    """Draws the log.

    Memory is bounded by a batch, the catalogue, and some 100 bytes a user.
    """
    attendance, shelves = Attendance(people), Shelves(world)
    budget, simulator = Budget(plan, attendance), Simulator(world, people, behaviour)
    past_midnight: list[pl.DataFrame] = []
    for number, day in enumerate(range(START, plan.end, DAY)):
        rng = np.random.default_rng([plan.seed, 4, number])
        sessions, heavy = budget.next_day()
        visits = attendance.visits(day, sessions, heavy, rng)
        assortment, era = shelves.assortment(day), world.era(day)
        waiting, past_midnight = past_midnight, []
        batches = visits.batches(int(BATCH_EVENTS / EVENTS_PER_SESSION))
        for piece, batch_visits in enumerate(batches):
            batch = simulator.happen(batch_visits, assortment, era, rng)
            budget.spend(batch.sessions, len(batch.events))
            today = pl.col("event_time") < day + DAY
            past_midnight.append(batch.events.filter(~today))
            events = pl.concat([*waiting, batch.events.filter(today)])
            if waiting:
                events, waiting = events.sort("event_time", maintain_order=True), []
            if len(events):
                yield Part(day, piece, events)
