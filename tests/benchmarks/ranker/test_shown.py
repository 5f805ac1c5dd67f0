"""Tests of recognising shown lists in the log."""

from __future__ import annotations

import polars as pl

from benchmarks.ranker.shown import recognised

SHOWN = pl.DataFrame(
    {
        "time": [5, 5, 5, 5, 5, 9],
        "item": [1, 2, 3, 1, 4, 1],
        "request_id": ["a", "a", "a", "b", "b", "c"],
        "position": [0, 1, 2, 0, 1, 0],
        "relevance": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "clicked": [0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    }
)


def rows(*candidates: tuple[int, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(candidates, schema=["row", "place_in_row", "time", "item"], orient="row")


def test_a_thinned_list_is_the_request_that_holds_all_of_it() -> None:
    found = recognised(rows((0, 0, 5, 3), (0, 1, 5, 1), (1, 0, 5, 4), (2, 0, 9, 1)), SHOWN)
    assert found["request_id"].to_list() == ["a", "a", "b", "c"]
    assert found["relevance"].to_list() == [0.3, 0.1, 0.5, 0.6]
    assert found["position"].to_list() == [2, 0, 1, 0]


def test_a_list_that_two_requests_hold_is_left_out() -> None:
    found = recognised(rows((0, 0, 5, 1), (1, 0, 5, 2)), SHOWN)
    assert found["row"].to_list() == [1]


def test_a_list_that_no_request_holds_is_left_out() -> None:
    assert recognised(rows((0, 0, 5, 3), (0, 1, 5, 4)), SHOWN).is_empty()
