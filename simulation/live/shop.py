"""An open shop: its days, and what it tells of its goods."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from simulation.assortment import Shelves
from simulation.catalogue import item_ids, items_table
from simulation.choice import Behaviour, Visitors
from simulation.live.burst import with_burst
from simulation.live.day import Day
from simulation.live.plan import LivePlan
from simulation.people import make_people, user_ids
from simulation.plan import DAY
from simulation.visits import Attendance, Visits
from simulation.world import make_world

BROKEN = "unknown"  # what a broken export says of every item


class LiveShop:
    """A shop that is open.

    Args:
        plan: Its sizes and what befalls it.
        items_file: Where it exports its items, as Parquet.
    """

    def __init__(self, plan: LivePlan, items_file: Path) -> None:
        self._plan, self._items_file = plan, items_file
        world_plan = plan.world_plan()
        world = make_world(world_plan)
        people = make_people(world_plan, world)
        if plan.burst_day is not None:
            world, people = with_burst(world, people, plan.midnight(plan.burst_day), plan.seed)
        self._world, self._people = world, people
        self._behaviour = Behaviour()
        self._shelves, self._attendance = Shelves(world), Attendance(people)
        self._done = np.zeros(people.number, np.int64)
        self._outdated = np.zeros(people.number, np.int64)
        self._items = items_table(world, plan.seed)
        self._item_ids = item_ids(np.arange(world.items)).to_list()
        self._numbers = {name: number for number, name in enumerate(self._item_ids)}
        self._user_ids = user_ids(np.arange(people.number)).to_list()
        self._day: Day | None = None

    def open(self, number: int) -> dict[str, Any]:
        """Begins a day: exports the items there are by then, and lets the visitors come.

        Returns:
            Who asks for lists.
        """
        plan, world = self._plan, self._world
        midnight = plan.midnight(number)
        self._export(midnight, broken=number == plan.broken_day)
        if number == plan.drift_day:
            self._outdated = np.where(self._people.changes, self._done, 0)
        rng = np.random.default_rng([plan.seed, 6, number + plan.before])
        visits = _once(self._attendance.visits(midnight, plan.visitors, 0, rng))
        visitors = Visitors.of(self._people, world, world.era(midnight), visits.user)
        available = (world.available_from < midnight + DAY) & (world.available_to > midnight)
        assortment = self._shelves.assortment(midnight)
        self._day = Day(
            world,
            self._behaviour,
            visitors,
            visits,
            assortment,
            available,
            done=self._done,
            outdated=self._outdated,
            rng=rng,
        )
        date = datetime.datetime.fromtimestamp(midnight, datetime.UTC)
        return {"date": f"{date:%Y-%m-%d}", "midnight": midnight, **self._asking(self._day)}

    def show(self, lists: Sequence[Sequence[str]]) -> dict[str, Any]:
        """Shows those who ask their lists, and lets everyone take a step.

        Returns:
            What they did; and who asks next, or the truth about the lists, when the day is over.
        """
        if self._day is None or self._day.is_over:
            raise ValueError("Lists must be shown to someone. Received: lists, but no day is open.")
        asking = self._day.asking[0]
        if len(lists) != len(asking):
            raise ValueError(
                f"Everyone who asks must get a list. Received: {len(lists)} lists for "
                f"{len(asking)} visitors."
            )
        rows = self._day.react([[self._numbers[item] for item in items] for items in lists])
        deeds = [
            (self._user_ids[user], self._item_ids[item], kind, time, slate)
            for user, item, kind, time, slate in rows
        ]
        if self._day.is_over:
            return {"deeds": deeds, "quality": self._day.quality.as_dict()}
        return {"deeds": deeds, **self._asking(self._day)}

    def _asking(self, day: Day) -> dict[str, Any]:
        users, times = day.asking
        pages = [[self._item_ids[item] for item in page] for page in day.own_pages]
        names = [self._user_ids[user] for user in users]
        return {"asking": list(zip(names, times.tolist(), pages, strict=True))}

    def _export(self, midnight: int, *, broken: bool) -> None:
        """Writes the items dataset as of the end of a day."""
        table = self._items.filter(pl.col("available_from") < midnight + DAY)
        if broken:
            table = table.with_columns(category=pl.lit(BROKEN))
        draft = self._items_file.with_name(f".{self._items_file.name}")
        table.write_parquet(draft)
        draft.replace(self._items_file)


def _once(visits: Visits) -> Visits:
    """The first visit of each user."""
    first = np.sort(np.unique(visits.user, return_index=True)[1])
    return Visits(visits.user[first], visits.begin[first])
