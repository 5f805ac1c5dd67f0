"""From what is shown to a click, a view, a cart, a purchase: all that is done, in order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulation.arrays import Bools, Floats, Ints
from simulation.sessions import Course

EVENT_TYPES = ("impression", "click", "view", "cart", "purchase")
IMPRESSION, CLICK, VIEW, CART, PURCHASE = range(5)

_VIEW_AFTER_CLICK = 0.9
# Probability of the next stage: at relevance 0, and how much relevance 1 adds.
_CART, _CART_RELEVANCE = 0.03, 0.3
_PURCHASE, _PURCHASE_RELEVANCE = 0.25, 0.3
# Mean seconds that pass before a deed of each kind, beyond the one that always does.
_SECONDS = (30.0, 8.0, 30.0, 30.0, 60.0)
# Within a step, impressions stand at their positions, and what follows a click behind all of them.
_CLICKS_FROM, _PER_CLICK = 16, 4
_PER_STEP = 64


@dataclass(frozen=True)
class Deeds:
    """Events of sessions.

    Attributes:
        kind: Number of the event type.
        step: Step of the course.
        place: Where in the step it stands.
        item: Item.
        impression: The impression that a deed is, or that it clicks on; -1 for others.
        pause: Seconds since the deed before.
    """

    kind: Ints
    step: Ints
    place: Ints
    item: Ints
    impression: Ints
    pause: Floats

    def take(self, rows: Ints | Bools) -> Deeds:
        """Some of the deeds."""
        return Deeds(*(getattr(self, field.name)[rows] for field in fields(self)))


def draw_deeds(course: Course, organic_relevance: Floats, rng: np.random.Generator) -> Deeds:
    """Draws how far users go, and puts all they do in the order in which it happens.

    Args:
        course: Steps, impressions and clicks.
        organic_relevance: Relevance of the item of each step that shows no page.
        rng: Random numbers.
    """
    slates = course.slates
    rows = np.arange(len(slates.item))
    shown = _deeds(IMPRESSION, course.shown_at, slates.position, slates.item, rows, rng)
    shown.pause[slates.position > 0] = 0
    clicks = shown.take(course.clicked)
    place = _CLICKS_FROM + _PER_CLICK * clicks.place
    clicks = _deeds(CLICK, clicks.step, place, clicks.item, clicks.impression, rng)

    goes_on = rng.random(len(place)) < _VIEW_AFTER_CLICK
    after_click = clicks.take(goes_on)
    organic = np.flatnonzero(~course.is_slate)
    views = _next_stage(
        VIEW,
        np.concatenate([after_click.step, organic]),
        np.concatenate([after_click.place, np.zeros(len(organic), np.int64)]),
        np.concatenate([after_click.item, course.item[organic]]),
        rng,
    )
    relevant = np.concatenate([course.relevance[after_click.impression], organic_relevance])
    in_cart = rng.random(len(relevant)) < _CART + _CART_RELEVANCE * relevant
    carts = views.take(in_cart)
    carts = _next_stage(CART, carts.step, carts.place, carts.item, rng)
    paid = rng.random(len(carts.kind)) < _PURCHASE + _PURCHASE_RELEVANCE * relevant[in_cart]
    bought = carts.take(paid)
    bought = _next_stage(PURCHASE, bought.step, bought.place, bought.item, rng)
    return _in_order([shown, clicks, views, carts, bought])


def _next_stage(kind: int, step: Ints, place: Ints, item: Ints, rng: np.random.Generator) -> Deeds:
    return _deeds(kind, step, place + 1, item, np.full(len(step), -1), rng)


def _deeds(
    kind: int, step: Ints, place: Ints, item: Ints, impression: Ints, rng: np.random.Generator
) -> Deeds:
    pause = 1 + rng.exponential(_SECONDS[kind], len(step))
    return Deeds(np.full(len(step), kind), step, place, item, impression, pause)


def _in_order(groups: list[Deeds]) -> Deeds:
    joined = Deeds(
        *(np.concatenate([getattr(g, field.name) for g in groups]) for field in fields(Deeds))
    )
    return joined.take(np.argsort(joined.step * _PER_STEP + joined.place, kind="stable"))
