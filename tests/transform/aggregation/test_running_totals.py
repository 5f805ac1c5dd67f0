"""Running totals: the same numbers whether they lie in a table or in a list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.aggregation import running_totals as module
from transform.aggregation.running_totals import day_keys, items_and_days, running_totals

DAYS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(-3, 12)), st.integers(1, 9), min_size=1
)


def totals(days, monkeypatch, most_cells):
    monkeypatch.setattr(module, "_MOST_CELLS", most_cells)
    rows = np.array([(*key, count) for key, count in sorted(days.items())], np.int64)
    return running_totals(*rows.T)


@pytest.mark.parametrize("most_cells", [0, 1 << 22])
@given(days=DAYS, item=st.integers(0, 8), first=st.integers(-9, 20), length=st.integers(0, 9))
def test_a_difference_is_the_events_of_the_days_between(days, item, first, length, most_cells):
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = totals(days, monkeypatch, most_cells)
    asked, start, end = (np.array([n]) for n in (item, first, first + length))
    expected = sum(days.get((item, day), 0) for day in range(first, first + length))
    assert found.before(asked, end) - found.before(asked, start) == expected


def test_keys_are_ascending_by_item_then_by_day():
    item, day = np.array([0, 0, 1, 1]), np.array([-700, 20_000, -5, 3])
    keys = day_keys(item, day)
    assert (np.diff(keys) > 0).all()
    again = items_and_days(keys)
    assert np.array_equal(again[0], item)
    assert np.array_equal(again[1], day)
