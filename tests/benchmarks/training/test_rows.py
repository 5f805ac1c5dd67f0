"""Tests of the rows of the result: medians, ratios and bars."""

from __future__ import annotations

import pytest

from benchmarks.training import catalogue, reading, speed
from benchmarks.training.speed import OTHER_LOSS, OURS, SAME_LOSS, TWO_TOWER


@pytest.mark.parametrize(("ours", "holds"), [(301.0, True), (299.0, False)])
def test_three_times_the_events_of_a_peer_are_asked_for(ours: float, holds: bool) -> None:
    peers = {TWO_TOWER: [100.0], SAME_LOSS: [100.0, 1.0, 100.0], OTHER_LOSS: [100.0]}
    rate, *times = speed.rows_of({OURS: [ours, 1.0, 9999.0], **peers})
    assert rate.value == ours
    assert rate.peers == dict.fromkeys(peers, 100.0)
    # The other loss is not the same work: it sets no bar.
    assert [row.holds for row in times] == [holds, holds, None]


@pytest.mark.parametrize(("largest", "holds"), [(0.012, True), (0.013, False)])
def test_a_step_may_not_grow_with_the_catalogue(largest: float, holds: bool) -> None:
    found = catalogue.rows_of({1_000: 0.01, 10_000: 0.5, 1_000_000: largest}, as_many=0.011)
    *of_sizes, growth, alike = found
    assert [row.value for row in of_sizes] == pytest.approx([10.0, 500.0, 1e3 * largest])
    assert growth.measure == "a step over 1,000,000 items, times one over 1,000"
    assert growth.holds is holds
    assert (alike.value, alike.holds) == (pytest.approx(1.1), None)


@pytest.mark.parametrize(("read_in", "holds"), [(0.9, True), (1.1, False)])
def test_a_pass_is_read_in_half_the_time_of_training_with_it(read_in: float, holds: bool) -> None:
    (row,) = reading.rows_of({"seconds": [30.0, 2.0, 2.0, 2.5], "input_seconds": read_in})
    assert row.value == read_in / 2.0
    assert row.holds is holds
