"""Who comes, and when: the sessions of a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulation.arrays import Floats, Ints
from simulation.people import People
from simulation.plan import DAY
from simulation.rhythm import times_of_day


@dataclass(frozen=True)
class Visits:
    """Beginnings of sessions.

    Attributes:
        user: Number of the user.
        begin: When the session begins (unix seconds), ascending.
    """

    user: Ints
    begin: Ints

    def batches(self, largest: int) -> Iterator[Visits]:
        """Consecutive visits, at most so many at once and about as many each time."""
        pieces = max(1, -(-len(self.user) // largest))
        for user, begin in zip(
            np.array_split(self.user, pieces), np.array_split(self.begin, pieces), strict=True
        ):
            yield Visits(user, begin)


class Attendance:
    """Draws the visits of one day after another."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._total: Floats = np.concatenate([[0.0], np.cumsum(people.activity)])

    def newcomers(self, day: int) -> Ints:
        """Users whose first visit is on the day that begins then (unix seconds)."""
        first, last = np.searchsorted(self._people.joined, [day, day + DAY])
        return np.arange(first, last)

    def returning_weight(self, day: int) -> float:
        """Activity of all users who came before the end of the day."""
        return float(self._total[np.searchsorted(self._people.joined, day + DAY)])

    def visits(self, day: int, sessions: int, heavy: int, rng: np.random.Generator) -> Visits:
        """Draws a day's visits: all newcomers, the rest users who came before.

        Args:
            day: Its midnight (unix seconds).
            sessions: How many; more if there are more newcomers.
            heavy: How many of them are the first user's.
            rng: Random numbers.
        """
        new = self.newcomers(day)
        begin = day + times_of_day(max(0, sessions - len(new)), rng)
        there = np.searchsorted(self._people.joined, begin, side="right")
        aim = rng.random(len(begin)) * self._total[there]
        user = np.minimum(np.searchsorted(self._total, aim, side="right") - 1, there - 1)
        user[:heavy] = 0
        user = np.concatenate([user, new])
        begin = np.concatenate([begin, self._people.joined[new]])
        order = np.argsort(begin, kind="stable")
        return Visits(user[order], begin[order])
