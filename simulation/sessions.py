"""What happens in sessions: step by step, a page that is shown or an item that is looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Bools, Floats, Ints
from simulation.assortment import Assortment
from simulation.browsing import follow, searched
from simulation.choice import Behaviour, Visitors, categories, clicks, relevance
from simulation.policy import Slates, draw_slates
from simulation.world import World

_STEPS = 4.0  # of a session, on average
_SLATE_SHARE = 0.35
_HOME_SHARE = 0.3


@dataclass(frozen=True)
class Course:
    """The steps of sessions, and what was shown in them.

    Attributes:
        session: Session of each step, ascending.
        item: What each step led to: the item that was looked for, or the last one clicked on the
            page; -1 where none was.
        is_slate: Whether a step showed a page.
        page: Page of each slate.
        slates: All impressions.
        shown_at: Step of each impression.
        relevance: Probability of a click on each impression that is examined.
        clicked: Whether each impression was clicked.
    """

    session: Ints
    item: Ints
    is_slate: Bools
    page: Ints
    slates: Slates
    shown_at: Ints
    relevance: Floats
    clicked: Bools


def draw_course(
    world: World,
    behaviour: Behaviour,
    visitors: Visitors,
    assortment: Assortment,
    rng: np.random.Generator,
) -> Course:
    """Draws the course of sessions.

    Args:
        world: What the goods are like.
        behaviour: How strong each signal is.
        visitors: Whose sessions.
        assortment: What is on sale.
        rng: Random numbers.
    """
    sessions = len(visitors.price_sensitivity)
    session = np.repeat(np.arange(sessions), rng.geometric(1 / _STEPS, sessions))
    is_slate = rng.random(len(session)) < _SLATE_SHARE
    at = np.flatnonzero(is_slate)
    page = categories(world, behaviour, visitors, session[at], rng)
    page[rng.random(len(at)) < _HOME_SHARE] = assortment.home
    slates = draw_slates(assortment, page, rng)
    shown_at = at[slates.slate]
    relevant = relevance(world, behaviour, visitors, session[shown_at], slates.item)
    clicked = clicks(relevant, slates.position, behaviour, rng)

    item = np.full(len(session), -1)
    item[shown_at[clicked]] = slates.item[clicked]  # of several clicks the last one stays
    item[~is_slate] = searched(world, behaviour, visitors, assortment, session[~is_slate], rng)
    follows = ~is_slate & (rng.random(len(session)) < behaviour.follow)
    follows[np.diff(session, prepend=-1) != 0] = False
    item = follow(world, assortment, item, follows)
    return Course(session, item, is_slate, page, slates, shown_at, relevant, clicked)
