"""Tests of the co-view table and of the events that are added to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.recommender.tables import CoView, with_followed
from transform.preprocessing import UNKNOWN
from transform.settings import ExampleSettings

NOTHING = CoView(np.zeros((9, 1), np.int64), np.zeros((9, 1), np.float32))
SETTINGS = ExampleSettings(co_view_window=2, co_view_neighbours=3)


def followed(table: CoView, sequence: Sequence[int]) -> CoView:
    """The table after all events of a sequence."""
    histories = [list(sequence[:i]) for i in range(1, len(sequence))]
    return with_followed(table, histories, list(sequence[1:]), SETTINGS)


def as_dict(table: CoView) -> dict[tuple[int, int], float]:
    item, place = np.nonzero(table.followers)
    followers, weights = table.followers[item, place], table.weights[item, place]
    return {(int(i), int(f)): float(w) for i, f, w in zip(item, followers, weights, strict=True)}


def test_an_event_counts_for_the_last_items_before_it_by_their_gap() -> None:
    table = with_followed(NOTHING, [[2, 3, 4]], [5], SETTINGS)
    assert as_dict(table) == {(4, 5): 1.0, (3, 5): 0.5}


def test_events_add_up_with_what_the_table_holds() -> None:
    once = followed(NOTHING, [2, 3, 4])
    assert as_dict(once) == {(2, 3): 1.0, (2, 4): 0.5, (3, 4): 1.0}
    twice = followed(once, [2, 4])
    assert as_dict(twice) == {(2, 4): 1.5, (2, 3): 1.0, (3, 4): 1.0}
    assert twice.followers[2, :2].tolist() == [4, 3]  # heaviest first


def test_one_event_after_the_other_makes_the_table_of_all() -> None:
    sequence = [2, 3, 2, 4, 5, 2, 3]
    at_once = followed(NOTHING, sequence)
    step_by_step = NOTHING
    for end in range(1, len(sequence)):
        step_by_step = with_followed(step_by_step, [sequence[:end]], [sequence[end]], SETTINGS)
    assert as_dict(step_by_step) == as_dict(at_once)


def test_no_more_followers_are_kept_than_the_settings_say() -> None:
    table = with_followed(NOTHING, [[2], [2], [2], [2], [2]], [3, 4, 5, 6, 6], SETTINGS)
    assert table.followers[2].tolist() == [6, 3, 4]


def test_an_item_neither_follows_itself_nor_an_unknown_one() -> None:
    table = with_followed(NOTHING, [[UNKNOWN, 2], [3]], [2, UNKNOWN], SETTINGS)
    assert as_dict(table) == {}
