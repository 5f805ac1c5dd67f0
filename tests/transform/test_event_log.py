"""The log in columns."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.transform.logs import frame
from transform.event_log import EventLog, encode, ranges, user_keys

ROWS = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abc"), st.integers(0, 9)),
    min_size=1,
    max_size=60,
)


def test_user_keys_are_the_same_everywhere():
    # BLAKE2b of the UTF-8 bytes, 8 bytes long, little-endian.
    assert user_keys(["1", "é"]).tolist() == [0x7637BA9F0342FCF6, 0x2F19F3EF8BBF1ACB]


def test_events_lie_by_user_then_time_then_input_order():
    log = EventLog.of(frame([("u", "a", 2), ("v", "b", 1), ("u", "c", 1), ("u", "b", 2)]))
    decoded = log.decode().filter(pl.col("user_id") == "u")
    assert decoded["item_id"].to_list() == ["c", "a", "b"]
    assert decoded["event_time"].to_list() == [1, 2, 2]


@given(ROWS)
def test_offsets_bound_each_users_events(rows):
    histories = EventLog.of(frame(rows)).histories
    for user, low, high in zip(
        histories.users["user_id"], histories.offsets, histories.offsets[1:], strict=False
    ):
        assert high - low == len({row for row in rows if row[0] == user})
    assert histories.offsets[-1] == len(set(rows))


@given(ROWS)
def test_decoding_gives_the_events_back(rows):
    events = frame(rows)
    log = EventLog.of(events)
    again = EventLog.of(log.decode())
    assert again.decode().equals(log.decode())
    key = ["user_id", "event_time", "item_id"]
    assert log.decode().select(key).sort(key).equals(events.select(key).unique().sort(key))


def test_impressions_are_no_behaviour():
    rows = [("u", "a", 1, "impression"), ("u", "a", 2, "click"), ("v", "b", 3, "impression")]
    histories = EventLog.of(frame(rows), impression_type="impression").histories
    assert len(histories.events) == 3
    assert len(histories.behaviours.events) == 1
    assert sorted(np.diff(histories.behaviours.offsets)) == [0, 1]


def test_of_equal_events_the_first_counts_and_an_event_id_decides_what_is_equal():
    rows = [("u", "a", 5), ("u", "b", 5), ("u", "a", 5)]
    assert EventLog.of(frame(rows)).decode()["item_id"].to_list() == ["a", "b"]
    named = EventLog.of(frame(rows, {"event_id": ["z", "y", "x"]}))
    assert named.decode()["item_id"].to_list() == ["a", "b", "a"]
    assert named.decode()["event_id"].to_list() == ["x", "y", "z"]


def test_a_user_without_a_row_in_the_users_table_has_no_features():
    users = pl.DataFrame({"user_id": ["u", "x"], "age": [7, 8]})
    table = EventLog.of(frame([("u", "a", 1), ("v", "a", 2)]), users).histories.users
    assert dict(table.iter_rows()) == {"u": 7, "v": None}


def test_encode_leaves_what_the_vocabulary_lacks_null():
    codes = encode(pl.Series(["b", "z", "a"]), pl.Series(["a", "b"]))
    assert codes.to_list() == [1, None, 0]


def test_ranges_of_nothing_are_empty():
    assert ranges(np.array([3, 5]), np.array([0, 0])).tolist() == []
