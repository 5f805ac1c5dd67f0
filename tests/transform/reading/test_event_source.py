"""The event log: every row becomes an event, a duplicate or a dead letter."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transform.whole_log import read_events
from transform.errors import DataError
from transform.features import Feature
from transform.reading.event_rows import FUTURE, LINE_BREAK, NO_ITEM, NO_TIME, NO_USER
from transform.settings import DataSettings, Table

NOW = 1_700_000_000
HEADER = "user_id,item_id,event_time,event_type\n"


def read(path, features=(), **settings):
    return read_events(DataSettings(events=Table(path=str(path), **settings)), features, now=NOW)


def csv(tmp_path, *rows, header=HEADER, name="events.csv"):
    path = tmp_path / name
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return path


def test_events_are_normalised_in_input_order(tmp_path):
    events = read(csv(tmp_path, "2,b,20,click", "1,a,10,"))
    assert events.frame.rows() == [("2", "b", 20, "click"), ("1", "a", 10, "interaction")]
    assert (events.rows, events.duplicates, len(events.dead_letters)) == (2, 0, 0)


def test_without_an_event_type_everything_is_an_interaction(tmp_path):
    path = csv(tmp_path, "1,a,10", header="user_id,item_id,event_time\n")
    assert read(path).frame["event_type"].to_list() == ["interaction"]


def test_exact_repeats_are_dropped_and_the_first_stays_in_its_place(tmp_path):
    rows = ["1,a,10,view", "1,b,10,view", "1,a,10,view", "1,a,10,click", "1,a,11,view"]
    events = read(csv(tmp_path, *rows))
    assert events.duplicates == 1
    assert events.frame.select("item_id", "event_time", "event_type").rows() == [
        ("a", 10, "view"),
        ("b", 10, "view"),
        ("a", 10, "click"),
        ("a", 11, "view"),
    ]


def test_rejected_rows_keep_their_values_place_and_reason(tmp_path):
    good = [f"{n},a,{n},view" for n in range(300)]
    bad = [
        (",a,10,view", NO_USER),
        ("NULL,a,10,view", NO_USER),
        ("1,,10,view", NO_ITEM),
        ("1,a,,view", NO_TIME),
        ("1,a,soon,view", NO_TIME),
        (f"1,a,{NOW + 200_000},view", FUTURE),
        ('1,"a\nb",10,view', LINE_BREAK),
    ]
    path = csv(tmp_path, *good, *(row for row, _ in bad))
    events = read(path)
    assert events.dead_letters["reason"].to_list() == [reason for _, reason in bad]
    assert events.dead_letters["row"].to_list() == [*range(301, 308)]
    assert set(events.dead_letters["file"]) == {str(path)}
    assert events.dead_letters["event_time"].to_list()[4] == "soon"
    assert events.rows == len(events.frame) + events.duplicates + len(events.dead_letters) == 307


@given(
    st.lists(st.sampled_from(["1,a,10", "1,a,11", ",a,10", "2,,10", "3,c,", "3,c,9"]), min_size=1)
)
def test_every_row_is_accounted_for(tmp_path_factory, rows):
    path = csv(
        tmp_path_factory.mktemp("log"), *rows, "9,z,1", header="user_id,item_id,event_time\n"
    )
    events = read(path)
    assert events.rows == len(rows) + 1
    assert events.rows == len(events.frame) + events.duplicates + len(events.dead_letters)


def test_a_clock_that_is_a_little_fast_is_no_matter(tmp_path):
    assert len(read(csv(tmp_path, f"1,a,{NOW + 3600},view")).frame) == 1


def test_many_future_events_are_a_mistake_of_the_column(tmp_path):
    rows = [f"{n},a,{10 + n},view" for n in range(90)] + [
        f"1,b{n},{2 * NOW},view" for n in range(10)
    ]
    with pytest.raises(
        DataError, match=r"At most 1% .*in the future. Received: 10 of 100.*3400000000"
    ):
        read(csv(tmp_path, *rows))


def test_milliseconds_are_recognised(tmp_path):
    with pytest.raises(DataError, match="Set `time_unit: ms`"):
        read(csv(tmp_path, "1,a,1600000000000,view"))
    assert read(csv(tmp_path, "1,a,1600000000999,view"), time_unit="ms").frame[
        "event_time"
    ].to_list() == [1_600_000_000]


def test_mixed_user_ids_are_refused_unless_they_are_declared_text(tmp_path):
    path = csv(tmp_path, "1,a,10,view", "abc,a,11,view", "12,a,12,view")
    with pytest.raises(DataError, match=r"The column `user_id` of .*mixed types"):
        read(path)
    assert read(path, text_ids=True).frame["user_id"].to_list() == ["1", "abc", "12"]


def test_mixed_item_ids_are_product_codes(tmp_path):
    path = csv(tmp_path, "1,85123A,10,view", "2,22752,11,view")
    assert read(path).frame["item_id"].to_list() == ["85123A", "22752"]


def test_parquet_parts_of_different_id_types_are_refused_by_name(tmp_path):
    for name, users in (("a", [1, 2]), ("b", ["x", "y"])):
        pl.DataFrame({"user_id": users, "item_id": ["i", "j"], "event_time": [1, 2]}).write_parquet(
            tmp_path / f"{name}.parquet"
        )
    with pytest.raises(DataError, match=r"mixed types, .*number in .*a\.parquet"):
        read(tmp_path)


def test_parquet_parts_of_different_widths_are_one_type(tmp_path):
    for name, dtype in (("a", pl.Int32), ("b", pl.Int64), ("c", pl.Float64)):
        pl.DataFrame(
            {"user_id": pl.Series([7], dtype=dtype), "item_id": [name], "event_time": [1]}
        ).write_parquet(tmp_path / f"{name}.parquet")
    assert read(tmp_path).frame["user_id"].to_list() == ["7", "7", "7"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "must hold events. Received: .* with a header and no row"),
        ([",a,10,view", ",b,11,view"], r"none of them whole \(\{'user_id is missing': 2\}\)"),
    ],
)
def test_a_log_without_an_event_is_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read(csv(tmp_path, *rows))


def test_an_empty_part_beside_others_is_no_matter(tmp_path):
    csv(tmp_path, name="a.csv")
    csv(tmp_path, "1,a,10,view", name="b.csv")
    assert len(read(tmp_path).frame) == 1


def test_context_features_are_read_by_their_kind(tmp_path):
    features = (
        Feature(name="device", side="context", kind="category"),
        Feature(name="price", side="context", kind="number"),
    )
    path = csv(
        tmp_path, "1,a,10,phone,1.5", "1,b,11,,", header="user_id,item_id,event_time,device,price\n"
    )
    assert read(path, features).frame.select("device", "price").rows() == [
        ("phone", 1.5),
        (None, None),
    ]
