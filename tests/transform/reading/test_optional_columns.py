"""Columns that a log may have, and logs that are of no use."""

import polars as pl
import pytest

from tests.transform.reading.reading import csv, dead, events, parts_of, reader_of
from transform.errors import DataError
from transform.reading.event_rows import NO_EVENT_ID
from transform.reading.event_source import refuse_unusable

# --------------------------------------------------------- optional columns


def impressions(**columns):
    frame = {"user_id": ["u", "u"], "item_id": ["a", "b"], "event_time": [10, 10], **columns}
    return pl.DataFrame(frame)


def test_optional_columns_are_read_where_there_are_any(tmp_path):
    path = tmp_path / "e.parquet"
    impressions(event_id=[7, 8], request_id=["r", None], position=[0.0, None]).write_parquet(path)
    frame = events(path).select("event_id", "request_id", "position")
    assert frame.rows() == [("7", "r", 0), ("8", None, None)]
    assert frame.schema == {"event_id": pl.String, "request_id": pl.String, "position": pl.Int64}


def test_without_them_there_are_no_such_columns(tmp_path):
    impressions().write_parquet(tmp_path / "e.parquet")
    assert events(tmp_path / "e.parquet").columns == [
        *("user_id", "item_id", "event_time", "event_type", "order"),
    ]


def test_all_parts_have_the_same_columns(tmp_path):
    impressions(request_id=["r", "r"], event_id=["x", "y"]).write_parquet(tmp_path / "a.parquet")
    impressions(event_type=["view", "view"]).write_parquet(tmp_path / "b.parquet")
    frames = [part.frame for part in parts_of(reader_of(tmp_path))]
    assert frames[0].columns == frames[1].columns
    assert "event_id" not in frames[0].columns  # a file without it could not be told apart
    assert sorted(pl.concat(frames)["request_id"].to_list(), key=str) == [None, None, "r", "r"]


def test_a_column_that_bears_the_name_by_chance_is_none_of_ours(tmp_path):
    path = tmp_path / "e.parquet"
    frame = pl.concat([impressions(event_id=[3, 3], position=["top", "top"])] * 3)
    frame.write_parquet(path)
    assert not {"event_id", "position"} & set(events(path).columns)
    with pytest.raises(
        DataError, match=r"must name each event. Received: 1 different values in.* 6"
    ):
        reader_of(path, columns={"event_id": "event_id"})
    with pytest.raises(DataError, match=r"must hold positions in a list.*\['top', 'top', 'top'\]"):
        reader_of(path, columns={"position": "position"})


def test_an_event_without_its_id_is_a_dead_letter(tmp_path):
    path = csv(
        tmp_path / "e.csv", "u,a,1,x", "u,b,2,", header="user_id,item_id,event_time,event_id"
    )
    assert dead(path) == [(2, NO_EVENT_ID)]


# --------------------------------------------------------- the whole log


@pytest.mark.parametrize(
    ("rows", "reasons", "message"),
    [
        (0, {}, r"must hold events. Received: .* a header and no row"),
        (2, {"user_id is missing": 2}, r"none of them whole \(\{'user_id is missing': 2\}\)"),
        (100, {"event_time lies in the future": 2}, r"At most 1%.*2 of 100, such as .*'9999'"),
    ],
)
def test_a_log_that_as_a_whole_is_of_no_use_is_refused(rows, reasons, message):
    sample = pl.DataFrame({"reason": list(reasons), "event_time": ["9999"] * len(reasons)})
    with pytest.raises(DataError, match=message):
        refuse_unusable(rows=rows, dead_by_reason=reasons, sample=sample)


def test_a_log_with_few_dead_letters_is_of_use():
    sample = pl.DataFrame({"reason": ["event_time lies in the future"], "event_time": ["9999"]})
    refuse_unusable(rows=100, dead_by_reason={"event_time lies in the future": 1}, sample=sample)
