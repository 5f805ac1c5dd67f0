"""The true quality of the lists that were shown: expected clicks, against the best that could be.

Users' clicks are chance; what they would click on average is known here, and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.arrays import Floats, Ints

# By how much a user had done before the list was asked for.
RUNGS = (("0", 0), ("1-4", 1), ("5-9", 5), ("10-14", 10), ("15-29", 15), ("30+", 30))
FIGURES = ("lists", "expected", "best", "own_page", "clicks")


class Quality:
    """Adds up the lists of a day, all of them and by rung.

    `expected` clicks of the lists that were shown, of the `best` lists that there could have been,
    and of the shop's `own_page` that would have been shown without a recommender; `clicks` are
    those that happened. `best_by_known` are those of the best lists, by what their users had done
    since their favourites are what they are.
    """

    def __init__(self) -> None:
        self._sums = np.zeros((len(RUNGS), len(FIGURES)))
        self._best_by_known = np.zeros(len(RUNGS))
        self.unavailable = 0

    def add(
        self, done: Ints, known: Ints, expected: Floats, best: Floats, own: Floats, clicks: Ints
    ) -> None:
        """Adds lists.

        Args:
            done: What each list's user had done before.
            known: The same since the user's favourites changed.
            expected: Expected clicks of each list.
            best: Those of the best list for the user.
            own: Those of the shop's own page.
            clicks: Clicks that happened.
        """
        figures = np.stack([np.ones(len(done)), expected, best, own, clicks], axis=1)
        np.add.at(self._sums, _rung(done), figures)
        np.add.at(self._best_by_known, _rung(known), best)

    def as_dict(self) -> dict[str, Any]:
        """Sums of the day, as JSON has them."""
        rungs = {
            name: dict(zip(FIGURES, row, strict=True))
            for (name, _), row in zip(RUNGS, self._sums.tolist(), strict=True)
        }
        whole = dict(zip(FIGURES, self._sums.sum(axis=0).tolist(), strict=True))
        best_by_known = dict(zip(rungs, self._best_by_known.tolist(), strict=True))
        own = {"unavailable": self.unavailable, "rungs": rungs, "best_by_known": best_by_known}
        return whole | own


def _rung(done: Ints) -> Ints:
    return np.searchsorted([least for _, least in RUNGS], done, side="right") - 1


def expected_clicks(relevance: Floats, examination: Floats) -> Floats:
    """Expected clicks of lists.

    Args:
        relevance: Of the items [lists, slots].
        examination: Probability that each slot is looked at [slots].
    """
    clicks: Floats = relevance @ examination[: relevance.shape[1]]
    return clicks


def best_clicks(relevance: Floats, examination: Floats) -> Floats:
    """Expected clicks of the best lists.

    Args:
        relevance: Of all items that could be shown [lists, items].
        examination: Probability that each slot is looked at, falling [slots].
    """
    slots = min(len(examination), relevance.shape[1])
    top = -np.sort(-relevance, axis=1)[:, :slots]
    return expected_clicks(top, examination)
