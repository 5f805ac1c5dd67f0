"""The simulated shop as a bandit: its log with probabilities, another policy, and the truth of it.

The shop's own policy (`simulation.policy`) draws one item from each stratum of a page by
popularity, and shows the strata in order or rotated. The policy in question draws by popularity and
by what the user likes, and shows the strata in order more often. Both are known exactly, as is what
users click.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.ope.policies import Page, Policy, pages_of
from components.off_policy.logged import Floats, Logged
from simulation.arrays import Ints
from simulation.assortment import Shelves
from simulation.choice import Behaviour, Visitors, relevance
from simulation.people import People, make_people
from simulation.plan import DAY, START, make_plan
from simulation.policy import IN_ORDER, SLOTS
from simulation.sessions import Course, draw_course
from simulation.world import World, make_world

_SEED = 7
_BEHAVIOUR = Behaviour()
OF_THE_LOG = Policy(in_order=IN_ORDER, taste=0.0)
IN_QUESTION = Policy(in_order=0.8, taste=0.5)


@dataclass(frozen=True)
class Drawn:
    """A log, seen from the policy in question; N lists of `SLOTS` places.

    Attributes:
        by_place: Probabilities of each place by itself.
        given_above: The same lists; probabilities given the places above.
        item: What stands at each place [N, SLOTS].
        truth: What the policy in question earns on average at each place [N, SLOTS].
        truth_of_log: What the log's own policy does.
        asked: Requests of each page, and how the policy in question chooses among its items there
            [requests, items].
    """

    by_place: Logged
    given_above: Logged
    item: Ints
    truth: Floats
    truth_of_log: Floats
    asked: list[tuple[Ints, Page, Floats]]

    def expected(self, rate: Floats) -> Floats:
        """Mean of a rate of items under the policy in question, at each place [N, SLOTS]."""
        mean = np.empty(self.item.shape)
        for rows, page, choice in self.asked:
            mean[rows] = IN_QUESTION.expected(page, choice, rate[page.items])
        return mean


class Shop:
    """One day of a world, and everybody who may come."""

    def __init__(self, users: int, items: int) -> None:
        """Makes the world; every page holds enough items for a list."""
        plan = make_plan(users * 100, users=users, items=items, days=60, seed=_SEED)
        self.world: World = make_world(plan)
        self._people: People = make_people(plan, self.world)
        self._assortment = Shelves(self.world).assortment(START + 30 * DAY)
        self._pages = pages_of(self._assortment)

    def draw(self, sessions: int, seed: int) -> Drawn:
        """Draws a log, and looks at it from the policy in question."""
        return self._seen(*self.visited(sessions, seed))

    def visited(self, sessions: int, seed: int) -> tuple[Course, Visitors, Ints]:
        """What happens in sessions of users, who come by how active they are; and the users."""
        rng = np.random.default_rng([_SEED, seed])
        activity = self._people.activity
        user = rng.choice(len(activity), sessions, p=activity / activity.sum())
        visitors = Visitors.of(self._people, self.world, 0, user)
        course = draw_course(self.world, _BEHAVIOUR, visitors, self._assortment, rng)
        return course, visitors, user

    def _seen(self, course: Course, visitors: Visitors, user: Ints) -> Drawn:
        item = course.slates.item.reshape(-1, SLOTS)
        session = course.session[course.is_slate]
        shape = (2, *item.shape)
        chosen, there, truth = np.empty(shape), np.empty(shape), np.empty(shape)
        asked = []
        for rows, page in self._by_page(course.page):
            likes = self._likes(visitors, session[rows], page)
            place = page.place(item[rows])
            for number, policy in enumerate((OF_THE_LOG, IN_QUESTION)):
                choice = policy.choice(page, likes)
                chosen[number, rows] = np.take_along_axis(choice, place, axis=1)
                there[number, rows] = policy.there()[np.arange(SLOTS), page.stratum[place]]
                truth[number, rows] = policy.expected(page, choice, likes)
            asked.append((rows, page, choice))
        reward = course.clicked.reshape(-1, SLOTS).astype(np.float64)
        by_place = chosen * there
        # Which stratum stands first says how far the list is rotated, and all else of it.
        given_above = np.concatenate([by_place[..., :1], chosen[..., 1:]], axis=-1)
        of_log, in_question = truth * _BEHAVIOUR.examination()
        of_places, of_chain = (Logged(user[session], reward, *of) for of in (by_place, given_above))
        return Drawn(of_places, of_chain, item, in_question, of_log, asked)

    def _by_page(self, page: Ints) -> Iterator[tuple[Ints, Page]]:
        for number in np.unique(page):
            yield np.flatnonzero(page == number), self._pages[number]

    def _likes(self, visitors: Visitors, session: Ints, page: Page) -> Floats:
        """Relevance of all items of a page to the users of sessions [sessions, items]."""
        many = len(page.items)
        pairs = np.repeat(session, many), np.tile(page.items, len(session))
        return relevance(self.world, _BEHAVIOUR, visitors, *pairs).reshape(-1, many)
