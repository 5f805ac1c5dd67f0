"""What is said of new items."""

from __future__ import annotations

import dataclasses

from benchmarks.refresh.__main__ import rows_of
from benchmarks.refresh.newcomer import Arrival

ARRIVAL = Arrival(
    retrieved=41.0, ended=50.0, nodes={"ItemRefresh": 9.0, "Pusher": 1.0}, before=False, calls=200
)


def test_the_middle_item_counts_and_each_is_told() -> None:
    found = [dataclasses.replace(ARRIVAL, retrieved=seconds) for seconds in (70.0, 40.0, 50.0)]
    first, control, calls, *_ = rows_of(found, 100_000)
    assert (first.value, first.holds) == (50.0, True)
    assert first.peers == {"item 1": 70.0, "item 2": 40.0, "item 3": 50.0}
    assert (control.value, control.holds) == (0, True)
    assert calls.value == 600


def test_too_late_and_an_item_that_was_there_before_hold_no_bar() -> None:
    late = dataclasses.replace(ARRIVAL, retrieved=60.1, before=True)
    first, control, *_ = rows_of([late], 100_000)
    assert first.holds is False
    assert control.holds is False


def test_each_node_of_the_refresh_is_told() -> None:
    assert {row.measure: row.value for row in rows_of([ARRIVAL], 9)[4:]} == {
        "of it, ItemRefresh": 9.0,
        "of it, Pusher": 1.0,
    }
