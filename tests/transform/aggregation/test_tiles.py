"""Tiles, with values from first principles."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transform.logs import LEAVE_ONE_OUT, frame
from transform.aggregation.tiles import close_tiles, co_view_table, item_table, open_tiles
from transform.event_log import EventLog
from transform.settings import ExampleSettings

SETTINGS = ExampleSettings(co_view_window=2, co_view_neighbours=10)


def tables(rows, periods=None, settings=SETTINGS):
    extra = {"#period": [0] * len(rows) if periods is None else periods}
    log = EventLog.of(frame(rows, extra))
    tiles = close_tiles([open_tiles(log.histories, LEAVE_ONE_OUT, settings)], settings)
    return item_table(log.items, tiles), co_view_table(log.items, tiles)


def followers(co_view):
    return {(item, other): weight for item, other, weight in co_view.iter_rows()}


def test_a_pair_weighs_one_over_its_gap():
    _, co_view = tables([("u", "a", 1), ("u", "b", 2), ("u", "c", 3), ("u", "d", 4)])
    assert followers(co_view) == {
        ("a", "b"): 1.0,
        ("a", "c"): 0.5,
        ("b", "c"): 1.0,
        ("b", "d"): 0.5,
        ("c", "d"): 1.0,
    }


def test_weights_add_up_over_users_and_never_cross_them():
    _, co_view = tables([("u", "a", 1), ("u", "b", 2), ("v", "a", 3), ("v", "x", 4), ("v", "b", 5)])
    assert followers(co_view)["a", "b"] == pytest.approx(1.5)
    assert ("b", "a") not in followers(co_view)


def test_an_item_does_not_follow_itself():
    _, co_view = tables([("u", "a", 1), ("u", "a", 2), ("u", "b", 3)])
    assert followers(co_view) == {("a", "b"): pytest.approx(1.5)}


def test_the_heaviest_followers_come_first_and_only_so_many_are_kept():
    rows = [("u", "a", 1), ("u", "c", 2), ("u", "b", 3), ("v", "a", 1), ("v", "b", 2)]
    _, co_view = tables(rows, settings=SETTINGS.model_copy(update={"co_view_neighbours": 1}))
    assert co_view.filter(pl.col("item_id") == "a")["follower_id"].to_list() == ["b"]


def test_only_training_events_count():
    items, co_view = tables([("u", "a", 1), ("u", "b", 2), ("u", "c", 3)], periods=[0, 1, 2])
    assert items["item_id"].to_list() == ["a"]
    assert len(co_view) == 0


def test_item_counts_and_times():
    items, _ = tables([("u", "a", 100), ("v", "a", 900), ("v", "b", 900)])
    assert items.rows() == [("a", 2, 100, 900), ("b", 1, 900, 900)]


def test_a_log_without_pairs_has_no_followers():
    _, co_view = tables([("u", "a", 1), ("v", "b", 1)])
    assert co_view.columns == ["item_id", "follower_id", "weight"]
    assert len(co_view) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from("uvw"), st.sampled_from("abcd"), st.integers(0, 50)),
        min_size=1,
        max_size=40,
        unique_by=lambda row: (row[0], row[2]),
    ),
    st.randoms(use_true_random=False),
)
def test_tiles_do_not_depend_on_the_order_of_the_input(rows, random):
    shuffled = random.sample(rows, len(rows))
    for one, other in zip(tables(rows), tables(shuffled), strict=True):
        assert one.equals(other)


def test_weights_are_exact_sums_of_a_million_thirds():
    # In float32, adding a third a million times ends far from a third of a million.
    rows = 3000
    log = EventLog.of(
        frame(
            [(f"u{n}", item, t) for n in range(rows) for t, item in enumerate("axyb")],
            {"#period": [0] * 4 * rows},
        )
    )
    settings = ExampleSettings(co_view_window=3)
    tiles = close_tiles([open_tiles(log.histories, LEAVE_ONE_OUT, settings)], settings)
    weight = followers(co_view_table(log.items, tiles))["a", "b"]
    assert weight == np.float32(rows / 3)
