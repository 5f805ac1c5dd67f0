"""Tests of the rows of the straightforward two-tower model."""

from __future__ import annotations

import numpy as np

from benchmarks.training.two_tower_side import copied
from benchmarks.training.windows import Windows


def test_each_event_has_a_copy_of_the_events_before_it() -> None:
    windows = Windows(np.array([7, 8, 9, 3, 4, 5]), np.array([4, 2]))
    history, target = copied(windows, 2)
    assert history.tolist() == [[7, 0], [7, 8], [8, 9], [4, 0]]
    assert target.tolist() == [8, 9, 3, 5]
    assert windows.events == len(target)
