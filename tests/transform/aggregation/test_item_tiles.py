"""Item-side and global aggregates, against events counted one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.aggregates import Aggregate
from transform.aggregation.item_tiles import DayTiles

DAY = 86_400
TYPES = ["click", "impression", "view"]
AGGREGATES = (
    Aggregate(name="views_2d", of="item", count="view", window="2d"),
    Aggregate(name="never_2d", of="item", count="refund", window="2d"),
    Aggregate(name="ctr_3d", of="item", rate="click", per="impression", window="3d"),
    Aggregate(name="trend_2d", of="item", trend="view", window="2d"),
    Aggregate(name="age", of="item", age=True),
    Aggregate(name="all_views_1d", of="all", count="view", window="1d"),
    Aggregate(name="all_ctr_2d", of="all", rate="click", per="view", window="2d"),
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-2 * DAY, 9 * DAY), st.integers(0, 2)), max_size=40
)


def tiles(events):
    item, time, kind = np.array(events, np.int64).reshape(-1, 3).T
    return DayTiles.of(item, time, kind)


def counted(events, item, kind, start, end):
    """Events of a type on whole days; of every item for `None`."""
    return sum(
        (item is None or i == item) and TYPES[k] == kind and start <= t // DAY < end
        for i, t, k in events
    )


def expected(events, item, day):
    def ratio(count, per):
        return count / per if per else 0.0

    def count(kind, days, of=item, until=day):
        return counted(events, of, kind, until - days, until)

    first = min((t // DAY for i, t, _ in events if i == item), default=day)
    return {
        "views_2d": float(count("view", 2)),
        "never_2d": 0.0,
        "ctr_3d": ratio(count("click", 3), count("impression", 3)),
        "trend_2d": math.log2((count("view", 2) + 1) / (count("view", 2, until=day - 2) + 1)),
        "age": float(max(0, day - first)),
        "all_views_1d": float(count("view", 1, of=None)),
        "all_ctr_2d": ratio(count("click", 2, of=None), count("view", 2, of=None)),
    }


@given(EVENTS, st.lists(st.tuples(st.integers(0, 4), st.integers(-DAY, 15 * DAY)), max_size=15))
def test_values_are_those_of_whole_days_before_the_request(events, asked):
    item, time = np.array(asked, np.int64).reshape(-1, 2).T
    closed = tiles(events)
    values = closed.item_values(AGGREGATES, TYPES, item, time)
    values |= closed.shop_values(AGGREGATES, TYPES, time)
    for place, (code, at) in enumerate(asked):
        found = {name: column[place] for name, column in values.items()}
        known = expected(events, code, at // DAY)
        assert found == {name: np.float32(value) for name, value in known.items()}


def test_a_request_never_sees_its_own_day():
    closed = tiles([(0, 5 * DAY, 2), (0, 5 * DAY + 10, 2)])
    times = np.array([5 * DAY + 20, 6 * DAY - 1, 6 * DAY, 7 * DAY, 8 * DAY])
    values = closed.item_values(AGGREGATES, TYPES, np.zeros(5, np.int64), times)
    assert values["views_2d"].tolist() == [0.0, 0.0, 2.0, 2.0, 0.0]
    assert values["age"].tolist() == [0.0, 0.0, 1.0, 2.0, 3.0]
    assert values["trend_2d"].tolist() == pytest.approx(
        [0, 0, math.log2(3), math.log2(3), -math.log2(3)]
    )


def test_all_items_may_be_asked_at_one_moment():
    closed = tiles([(0, 0, 2), (2, 0, 2)])
    values = closed.item_values(AGGREGATES[:1], TYPES, np.arange(3), DAY)
    assert values["views_2d"].tolist() == [1.0, 0.0, 1.0]
    assert values["views_2d"].dtype == np.float32


@given(EVENTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_parts_merge_into_the_whole_in_any_order(events, parts, random):
    divided = [tiles(events[part::parts]) for part in range(parts)]
    whole = tiles(events)
    assert DayTiles.merge(random.sample(divided, parts)).table.equals(whole.table)
    nested = DayTiles.merge([divided[0], DayTiles.merge([*divided[1:], tiles([])])])
    assert nested.table.equals(whole.table)
