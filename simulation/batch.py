"""A batch of sessions as a table: the columns of the log, and the truth of its impressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.arrays import Floats, Ints, ids
from simulation.assortment import Assortment
from simulation.catalogue import category_names, item_ids
from simulation.choice import Behaviour, Visitors, relevance
from simulation.funnel import EVENT_TYPES, IMPRESSION, Deeds, draw_deeds
from simulation.people import People, user_ids
from simulation.sessions import Course, draw_course
from simulation.visits import Visits
from simulation.world import World

EVENT_COLUMNS = (
    *("user_id", "item_id", "event_time", "event_type", "request_id", "position"),
    *("session_id", "device"),
)
TRUTH_COLUMNS = ("request_id", "position", "page", "propensity", "relevance")
HOME = "home"

_DEVICES = ("phone", "desktop", "tablet")
_DEVICE_WEIGHTS = ((0.45, 0.4, 0.15), (0.75, 0.2, 0.05))  # before and after a drift


@dataclass(frozen=True)
class Batch:
    """What happened in some sessions.

    Attributes:
        events: EVENT_COLUMNS, and of impressions the TRUTH_COLUMNS, in the order of times.
        sessions: How many sessions.
    """

    events: pl.DataFrame
    sessions: int


class Simulator:
    """Lets sessions happen."""

    def __init__(self, world: World, people: People, behaviour: Behaviour) -> None:
        self._world = world
        self._people = people
        self._behaviour = behaviour
        self._item_ids = item_ids(np.arange(world.items))
        names = category_names(np.arange(world.categories))
        self._pages = pl.concat([names, pl.Series([HOME, None])])
        self._sessions = 0
        self._requests = 0

    def happen(
        self, visits: Visits, assortment: Assortment, era: int, rng: np.random.Generator
    ) -> Batch:
        """Draws all that happens in some sessions.

        Args:
            visits: The sessions.
            assortment: What is on sale.
            era: See World.
            rng: Random numbers.
        """
        world, behaviour = self._world, self._behaviour
        visitors = Visitors.of(self._people, world, era, visits.user)
        course = draw_course(world, behaviour, visitors, assortment, rng)
        organic = ~course.is_slate
        relevant = relevance(
            world, behaviour, visitors, course.session[organic], course.item[organic]
        )
        deeds = draw_deeds(course, relevant, rng)
        session = course.session[deeds.step]
        time = visits.begin[session] + since_begin(session, deeds.pause)
        order = np.argsort(time, kind="stable")
        device = rng.choice(len(_DEVICES), len(visits.user), p=_DEVICE_WEIGHTS[era])
        events = self._table(visits, course, deeds.take(order), session[order], time[order], device)
        self._sessions += len(visits.user)
        self._requests += len(course.page)
        return Batch(events, len(visits.user))

    def _table(
        self,
        visits: Visits,
        course: Course,
        deeds: Deeds,
        session: Ints,
        time: Ints,
        device: Ints,
    ) -> pl.DataFrame:
        slates = course.slates
        session_ids = ids("s", self._sessions + np.arange(len(visits.user)), 10)
        request_ids = ids("r", self._requests + np.arange(len(course.page)), 10)
        answers = deeds.impression >= 0
        row = np.where(answers, deeds.impression, len(slates.slate))
        shown = np.where(deeds.kind == IMPRESSION, row, len(slates.slate))
        return pl.DataFrame(
            {
                "user_id": user_ids(visits.user).gather(session),
                "item_id": self._item_ids.gather(deeds.item),
                "event_time": time,
                "event_type": pl.Series(EVENT_TYPES).gather(deeds.kind),
                "request_id": request_ids.gather(slates.slate).extend_constant(None, 1).gather(row),
                "position": _or_null(slates.position, row),
                "session_id": session_ids.gather(session),
                "device": pl.Series(_DEVICES).gather(device[session]),
                "page": self._pages.gather(np.append(course.page[slates.slate], -1)[shown]),
                "propensity": _or_null(slates.propensity.astype(np.float32), shown),
                "relevance": _or_null(course.relevance.astype(np.float32), shown),
            }
        )


def _or_null(values: np.ndarray, row: Ints) -> pl.Series:
    """Values of rows; the row behind the last one is null."""
    return pl.Series(values).extend_constant(None, 1).gather(row)


def since_begin(session: Ints, pause: Floats) -> Ints:
    """Whole seconds from the first event of a session to each."""
    since = np.cumsum(pause)
    first = np.flatnonzero(np.diff(session, prepend=-1))
    counts = np.diff(first, append=len(session))
    offset: Ints = (since - np.repeat(since[first], counts)).astype(np.int64)
    return offset
