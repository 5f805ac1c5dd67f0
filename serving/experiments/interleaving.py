"""Team draft: one list out of two, in which each user compares them at once.

Where users see both lists, their differences from each other cancel out; a comparison so needs far
fewer users than one between two groups.

Source: Radlinski, Kurup and Joachims 2008, How Does Clickthrough Data Reflect Retrieval Quality?
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def team_draft(
    first: Sequence[tuple[str, Item]],
    second: Sequence[tuple[str, Item]],
    k: int,
    rng: random.Random,
) -> list[tuple[Item, int | None]]:
    """Drafts a list of two teams.

    In each round both lists give the best item that is not in yet, in an order that is drawn by
    lot. An item that both would give belongs to the one that came first.

    Args:
        first: Id and item of one list, best first.
        second: The same of the other.
        k: Items of the drafted list.
        rng: Draws the lots.

    Returns:
        Item and team (0 for `first`, 1 for `second`), best first. Where one list has ended, the
        other fills up for no team: one that went on alone would be credited with more.
    """
    rest = [iter(first), iter(second)]
    taken: set[str] = set()

    def best(team: int) -> Item | None:
        for name, item in rest[team]:
            if name not in taken:
                taken.add(name)
                return item
        return None

    drafted: list[tuple[Item, int | None]] = []
    while len(drafted) < k:
        both: list[tuple[Item, int | None]] = []
        for team in rng.sample((0, 1), 2):
            item = best(team)
            if item is None:
                alone = [(one, None) for one, _ in both]
                others = ((one, None) for name, one in rest[1 - team] if name not in taken)
                return [*drafted, *alone, *others][:k]
            both.append((item, team))
        drafted += both
    return drafted[:k]
