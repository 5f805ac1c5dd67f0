"""Tests of the protocol: the order of events, the fingerprint of the targets, the metrics."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pytest

from benchmarks.quality.protocol import (
    OtherTargetsError,
    check_targets,
    fingerprint,
    in_order,
    quality,
)


def test_events_stand_by_time_and_equal_times_in_the_order_of_the_file() -> None:
    events = pl.DataFrame(
        {
            "user_id": ["b", "a", "b", "a", "b"],
            "item_id": ["1", "2", "3", "4", "5"],
            "event_time": [7, 9, 5, 9, 7],
        }
    )
    ordered = in_order(events)
    assert ordered["user_id"].to_list() == ["b", "a"]
    assert ordered["items"].to_list() == [["3", "1", "5"], ["2", "4"]]


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
