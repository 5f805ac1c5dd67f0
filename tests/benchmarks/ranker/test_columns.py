"""Tests of what the trees see: the history of each candidate, summed up by hand."""

from __future__ import annotations

import numpy as np

from benchmarks.ranker.columns import CandidateColumns
from tests.trainer.conftest import FEATURES, LENGTH, VOCABULARY, request_rows
from trainer.catalogue import Catalogue, always_available

ITEMS = 12


def test_a_candidate_is_told_how_often_the_history_holds_it_and_its_kind() -> None:
    colours = np.array([[0], [0], *([2 + i % 2] for i in range(10))], np.int64)
    counts = np.where(np.arange(ITEMS) == 2, 0, np.arange(ITEMS))
    catalogue = Catalogue(
        counts,
        np.arange(ITEMS) >= 2,
        always_available(ITEMS),
        {"colour": colours},
        np.zeros((ITEMS, 0), np.float32),
    )
    columns = CandidateColumns(FEATURES, (), catalogue, VOCABULARY, LENGTH)
    row = request_rows([[4, 5, 4, 6], []], [[4, 3], [2]])
    assert columns.is_drawable(row).tolist() == [True, True, False]
    seen = columns(row)
    item, count, colour, hour, weekday, age = seen[:, :6].T
    assert item.tolist() == [4, 3, 2]
    assert count.tolist() == [4, 3, 0]
    assert colour.tolist() == [2, 3, 2]
    assert hour.tolist() == [5, 5, 1]
    assert weekday.tolist() == [0, 0, 0]
    assert age.tolist() == [0.5] * 3
    length, last, _, same, same_colour, last_colour = seen[:, 6:].T
    assert length.tolist() == [4, 4, 0]
    assert last.tolist() == [6, 6, 0]
    assert same.tolist() == [0.5, 0.0, 0.0]
    assert same_colour.tolist() == [0.75, 0.25, 0.0]
    assert last_colour.tolist() == [2, 2, 0]
    assert np.flatnonzero(columns.is_category).tolist() == [0, 2, 7, 11]
