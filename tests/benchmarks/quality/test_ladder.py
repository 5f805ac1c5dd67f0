"""Tests of the cold-start ladder."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality.ladder import ladder_rows
from benchmarks.quality.workshop import Lists

REQUESTS = 40
NONE = np.zeros(20, np.int64)


def run(ranks_of_unseen: list[int], items: int = 1000) -> Lists:
    """Half of the requests ask for items that training never saw; the others are hits."""
    half = REQUESTS // 2
    rungs = {
        "user_rung": ["0"] * half + ["21+"] * half,
        "item_rung": ["0"] * half + ["2-5"] * half,
    }
    return Lists(np.array(ranks_of_unseen + [1] * half), 0.0, rungs, items)


def test_each_rung_has_the_quality_of_its_own_requests() -> None:
    rows = {row.measure: row for row in ladder_rows("log", [run([0] * 10 + [3] * 10)], NONE)}
    cold = rows["log: NDCG@10, users with 0 events"]
    assert cold.value == pytest.approx(0.25)
    assert cold.peers == {"HR@10": 0.5, "requests": 20.0}
    assert rows["log: NDCG@10, items with 2-5 events in training"].value == 1.0
    assert "log: NDCG@10, users with 1 events" not in rows


@pytest.mark.parametrize(("hits", "holds"), [(7, True), (5, False)])
def test_an_unseen_item_must_be_retrieved_more_often_than_by_chance(hits: int, holds: bool) -> None:
    found = np.array([90] * hits + [0] * (20 - hits))
    *_, listed, retrieved = ladder_rows("log", [run(found.tolist())], found)
    assert listed.measure == "log: HR@100 of items that training never saw"
    assert retrieved.measure == f"{listed.measure}, two-tower alone"
    for row in (listed, retrieved):
        assert row.peers == {"chance": 0.1}
        assert row.holds is holds
    *_, listed, retrieved = ladder_rows("log", [run([1] * 20)], found)
    assert (listed.holds, retrieved.holds) == (True, holds)


def test_too_few_requests_are_reported_without_a_bar() -> None:
    few = run([1] * 20)
    few.rungs["item_rung"][:] = ["0"] * 5 + ["2-5"] * 35
    *_, listed, retrieved = ladder_rows("log", [few], np.array([1] * 5))
    for row in (listed, retrieved):
        assert row.value == 1.0
        assert row.bar is None
