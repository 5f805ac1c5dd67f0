"""A day of an open shop, step by step: all visitors take their next step at the same time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulation.arrays import Bools, Floats, Ints
from simulation.assortment import Assortment
from simulation.batch import since_begin
from simulation.browsing import searched
from simulation.choice import Behaviour, Visitors, categories, clicks, relevance
from simulation.funnel import EVENT_TYPES, IMPRESSION, Deeds, draw_deeds
from simulation.live.quality import Quality, best_clicks
from simulation.policy import SLOTS, Slates, draw_slates
from simulation.sessions import Course
from simulation.visits import Visits
from simulation.world import World

_STEPS = 4.0  # of a visit, on average
_LIST_SHARE = 0.5  # of the steps after the first, which always asks for a list
_HOME_SHARE = 0.3  # of the shop's own pages
_SECONDS_BETWEEN = 30.0
# A step's row: who (number), what, which kind, when, and which of the step's lists it answers (-1).
Done = tuple[int, int, str, int, int]


class Day:
    """The visitors of a day.

    Args:
        world: The goods.
        behaviour: How users behave.
        visitors: What the users of the visits like.
        visits: Who comes when; each user once.
        assortment: What is on sale all day.
        available: Whether each item may be shown at all.
        done: Deeds of each user of the shop so far; it is counted on.
        outdated: Those of them from before the user's favourites changed.
        rng: Random numbers.

    Attributes:
        quality: Of the lists that were shown.
    """

    def __init__(
        self,
        world: World,
        behaviour: Behaviour,
        visitors: Visitors,
        visits: Visits,
        assortment: Assortment,
        available: Bools,
        done: Ints,
        outdated: Ints,
        rng: np.random.Generator,
    ) -> None:
        self._world, self._behaviour, self._visitors = world, behaviour, visitors
        self._assortment, self._available = assortment, available
        self._done, self._outdated, self._rng = done, outdated, rng
        self._user, self._clock = visits.user, visits.begin.astype(np.float64)
        self._left = rng.geometric(1 / _STEPS, len(visits.user))
        self._last = np.full(len(visits.user), -1)
        self.quality = Quality()
        self._prepare(first=True)

    @property
    def is_over(self) -> bool:
        """Whether nobody is there any more."""
        return not len(self._here)

    @property
    def asking(self) -> tuple[Ints, Ints]:
        """Users who ask for a list in this step, and when (unix seconds)."""
        asking = self._here[self._asks]
        return self._user[asking], self._clock[asking].astype(np.int64)

    @property
    def own_pages(self) -> list[list[int]]:
        """What the shop itself would show to each of them."""
        asking = int(self._asks.sum())
        ends = np.searchsorted(self._own.slate, np.arange(1, asking))
        return [page.tolist() for page in np.split(self._own.item, ends)][:asking]

    def react(self, lists: Sequence[Sequence[int]]) -> list[Done]:
        """Lets the visitors take the step.

        Args:
            lists: Items for each who asks, from the top; what is beyond the slots is not seen.

        Returns:
            What they did, in the order of times.
        """
        course = self._course(_slates(lists))
        self._measure(course)
        organic = ~course.is_slate
        worth = self._relevance(self._here[organic], course.item[organic])
        deeds = draw_deeds(course, worth, self._rng)
        visitor = self._here[deeds.step]
        time = self._clock[visitor].astype(np.int64) + since_begin(deeds.step, deeds.pause)
        rows = self._rows(course, deeds, visitor, time)
        self._advance(course, deeds, visitor, time)
        return rows

    def _prepare(self, *, first: bool) -> None:
        """Who is there for the next step, who of them asks for a list, and the shop's own lists."""
        self._here = np.flatnonzero(self._left > 0)
        self._asks: Bools = self._rng.random(len(self._here)) < (1.0 if first else _LIST_SHARE)
        asking = self._here[self._asks]
        page = categories(self._world, self._behaviour, self._visitors, asking, self._rng)
        page[self._rng.random(len(page)) < _HOME_SHARE] = self._assortment.home
        self._own = draw_slates(self._assortment, page, self._rng)

    def _course(self, slates: Slates) -> Course:
        """The step of everyone who is there."""
        here, asks = self._here, self._asks
        at = np.flatnonzero(asks)
        shown_at = at[slates.slate]
        relevant = self._relevance(here[shown_at], slates.item)
        clicked = clicks(relevant, slates.position, self._behaviour, self._rng)
        item = np.full(len(here), -1)
        item[shown_at[clicked]] = slates.item[clicked]  # of several clicks the last one stays
        item[~asks] = self._looked_for(here[~asks])
        page = np.full(len(at), self._assortment.home)
        step = np.arange(len(here))
        return Course(step, item, asks, page, slates, shown_at, relevant, clicked)

    def _looked_for(self, visitors: Ints) -> Ints:
        """Items that visitors find by themselves: what follows their last one, or by search."""
        world, behaviour, rng = self._world, self._behaviour, self._rng
        item = searched(world, behaviour, self._visitors, self._assortment, visitors, rng)
        last = self._last[visitors]
        following = world.successor[last]
        follows = (rng.random(len(item)) < behaviour.follow) & (last >= 0)
        follows &= self._assortment.on_sale[following]
        return np.where(follows, following, item)

    def _relevance(self, visitors: Ints, items: Ints) -> Floats:
        return relevance(self._world, self._behaviour, self._visitors, visitors, items)

    def _measure(self, course: Course) -> None:
        """Adds the step's lists to the quality of the day."""
        asking = self._here[self._asks]
        if not len(asking):
            return
        seen, lists = self._behaviour.examination(), len(asking)
        slates = course.slates
        on_sale = np.flatnonzero(self._available)
        everything = self._relevance(
            np.repeat(asking, len(on_sale)), np.tile(on_sale, lists)
        ).reshape(lists, len(on_sale))
        own = self._relevance(asking[self._own.slate], self._own.item)
        done = self._done[self._user[asking]]
        self.quality.add(
            done,
            done - self._outdated[self._user[asking]],
            _sums(slates.slate, seen[slates.position] * course.relevance, lists),
            best_clicks(everything, seen),
            _sums(self._own.slate, seen[self._own.position] * own, lists),
            np.bincount(slates.slate[course.clicked], minlength=lists),
        )
        self.quality.unavailable += int((~self._available[slates.item]).sum())

    def _rows(self, course: Course, deeds: Deeds, visitor: Ints, time: Ints) -> list[Done]:
        """Deeds as rows; what was shown is known to who showed it.

        A view, a cart or a purchase after a click answers the list of the click: a shop knows by
        which list a user came to a product.
        """
        slate_of_step = np.full(len(course.is_slate), -1)
        slate_of_step[course.is_slate] = np.arange(int(course.is_slate.sum()))
        slate = slate_of_step[deeds.step]
        order = np.argsort(time, kind="stable")
        columns = (self._user[visitor], deeds.item, deeds.kind, time, slate)
        rows = zip(*(column[order].tolist() for column in columns), strict=True)
        return [
            (user, item, EVENT_TYPES[kind], at, place)
            for user, item, kind, at, place in rows
            if kind != IMPRESSION
        ]

    def _advance(self, course: Course, deeds: Deeds, visitor: Ints, time: Ints) -> None:
        np.add.at(self._done, self._user[visitor[deeds.kind != IMPRESSION]], 1)
        np.maximum.at(self._clock, visitor, time)
        here = self._here
        self._clock[here] += 1 + self._rng.exponential(_SECONDS_BETWEEN, len(here))
        self._last[here] = np.where(course.item >= 0, course.item, self._last[here])
        self._left[here] -= 1
        self._prepare(first=False)


def _slates(lists: Sequence[Sequence[int]]) -> Slates:
    """Lists of item numbers, an impression a row."""
    cut = [list(items)[:SLOTS] for items in lists]
    item = np.array([item for items in cut for item in items], np.int64)
    position = np.array([place for items in cut for place in range(len(items))], np.int64)
    slate = np.repeat(np.arange(len(cut)), [len(items) for items in cut])
    return Slates(slate, position, item, np.ones(len(item)))


def _sums(group: Ints, values: Floats, groups: int) -> Floats:
    return np.bincount(group, values, groups).astype(np.float64)
