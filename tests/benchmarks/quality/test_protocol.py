"""Tests of the protocol: the order of events, the fingerprint of the targets, the metrics."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pytest

from benchmarks.quality.protocol import (
    OtherTargetsError,
    check_targets,
    divided,
    fingerprint,
    quality,
)
from transform.settings import SplitSettings

EVENTS = pl.DataFrame(
    {
        "user_id": ["b", "a", "b", "a", "b", "c"],
        "item_id": ["1", "2", "3", "4", "5", "6"],
        "event_time": [7, 9, 5, 9, 7, 10],
    }
)


def test_events_stand_by_time_and_equal_times_in_the_order_of_the_file() -> None:
    ordered = divided(EVENTS, SplitSettings(protocol="leave_one_out"))
    assert ordered["user_id"].to_list() == ["b", "b", "b", "a", "a", "c"]
    assert ordered["item_id"].to_list() == ["3", "1", "5", "2", "4", "6"]
    assert ordered["user"].to_list() == [0, 0, 0, 1, 1, 2]
    assert ordered["period"].to_list() == [0, 1, 2, 0, 0, 0]


def test_by_time_each_user_is_asked_for_the_first_event_of_the_last_period() -> None:
    split = SplitSettings(protocol="time", eval_fraction=0.4, validation_fraction=0.2)
    ordered = divided(EVENTS, split)
    # The cuts are at 7 and 9: what "a" did after the first event from 9 on is known to nobody.
    found = ordered.select("user_id", "item_id", "period").rows()
    assert found == [("b", "3", 0), ("b", "1", 1), ("b", "5", 1), ("a", "2", 2), ("c", "6", 2)]


def test_the_fingerprint_is_that_of_the_sorted_lines() -> None:
    expected = hashlib.sha256(b"10\t3\n9\t7").hexdigest()
    assert fingerprint(["9", "10"], ["7", "3"]) == expected


def test_other_targets_are_refused() -> None:
    expected = fingerprint(["9"], ["7"])
    check_targets(["9"], ["7"], expected)
    with pytest.raises(OtherTargetsError, match=r"must be .* Received: [0-9a-f]{64} of 1 users"):
        check_targets(["9"], ["8"], expected)


def test_a_hit_counts_by_its_rank_and_a_miss_not_at_all() -> None:
    found = quality(np.array([1, 3, 0, 10]))
    assert found.hit_rate == 0.75
    assert found.ndcg == pytest.approx((1 + 1 / 2 + 1 / np.log2(11)) / 4)
