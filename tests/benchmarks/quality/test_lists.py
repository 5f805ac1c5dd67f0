"""Tests of what the lists of peers come to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.quality.peers.lists import recently_popular, target_ranks


def test_ranks_are_those_of_the_users_asked_for() -> None:
    shown = np.array([[4, 5], [5, 6], [6, 7]])
    asked = pd.DataFrame({"user": [2, 0], "item": [7, 9]})
    assert target_ranks(shown, asked).tolist() == [0, 2]


def test_only_the_latest_events_make_an_item_popular_now() -> None:
    times = np.arange(40)
    events = pd.DataFrame({"time": times[::-1], "item": [3, 2, 3, 1] + [0] * 36})
    assert recently_popular(events, 2).tolist() == [3, 1]
