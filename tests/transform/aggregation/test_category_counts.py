"""Events by category over stretches of a column, also when not all are looked at together."""

from collections import Counter
from unittest import mock

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transform.aggregation import category_counts
from transform.aggregation.categories import Categories
from transform.aggregation.category_counts import CategoryCounts

CATEGORIES = Categories.of(pl.Series(["x|y", "y", "", "z"]), "|")
OF_ITEM = [[0, 1], [1], [], [2]]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), max_size=20),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=8),
    st.integers(1, 10),
)
def test_counts_are_those_of_each_stretch(events, stretches, at_once):
    bounds = [tuple(sorted(min(end, len(events)) for end in pair)) for pair in stretches]
    expected = Counter(
        (row, code)
        for row, (start, end) in enumerate(bounds)
        for item, kind in events[start:end]
        for code in OF_ITEM[item]
        if kind == 1
    )
    item, kind = np.array(events, np.int64).reshape(-1, 2).T
    start, end = np.array(bounds, np.int64).reshape(-1, 2).T
    with mock.patch.object(category_counts, "_AT_ONCE", at_once):
        keys, counts = CategoryCounts(item, kind, CATEGORIES).count(1, start, end)
    found = zip(*(part.tolist() for part in CATEGORIES.parts(keys)), strict=True)
    assert list(zip(found, counts.tolist(), strict=True)) == sorted(expected.items())


def test_a_type_that_no_event_has_counts_nothing():
    column = np.zeros(3, np.int64)
    stretch = np.array([0]), np.array([3])
    keys, counts = CategoryCounts(column, column, CATEGORIES).count(-1, *stretch)
    assert (keys.tolist(), counts.tolist()) == ([], [])
