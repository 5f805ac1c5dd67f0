"""Files that cannot be read as they are: each with a message that says what to do."""

import gzip

import polars as pl
import pytest

from transform.errors import DataError
from transform.reading.raw_columns import Wanted
from transform.reading.raw_tables import read_raw
from transform.settings import Table

WANTED = Wanted("events", required=["user_id", "item_id", "event_time"], optional=["event_type"])
CSV = "user_id,item_id,event_time\n1,a,10\n2,b,20\n"


def read(path, **settings):
    return list(read_raw(Table(path=str(path), **settings), WANTED))


def write(tmp_path, content, name="events.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(tmp_path, name="events.parquet"):
    path = tmp_path / name
    frame = {"user_id": [1, 2], "item_id": ["a", "b"], "event_time": [10, 20], "other": [0, 0]}
    pl.DataFrame(frame).write_parquet(path)
    return path


def test_csv_columns_are_text(tmp_path):
    (raw,) = read(write(tmp_path, CSV))
    assert raw.is_text
    assert raw.frame.to_dict(as_series=False) == {
        "user_id": ["1", "2"],
        "item_id": ["a", "b"],
        "event_time": ["10", "20"],
    }


def test_parquet_columns_keep_their_types_and_others_are_not_read(tmp_path):
    (raw,) = read(parquet(tmp_path))
    assert not raw.is_text
    assert raw.frame.schema == {
        "user_id": pl.Int64,
        "item_id": pl.String,
        "event_time": pl.Int64,
    }


def test_columns_are_mapped(tmp_path):
    path = write(tmp_path, "who;what;when;how\n1;a;10;click\n")
    names = {"user_id": "who", "item_id": "what", "event_time": "when", "event_type": "how"}
    (raw,) = read(path, columns=names, separator=";")
    assert raw.frame.rows() == [("1", "a", "10", "click")]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.removesuffix("\n"),
        gzip.compress(CSV.encode()),
    ],
    ids=["byte order mark", "windows", "no last line break", "gzip"],
)
def test_spellings_of_the_same_csv(tmp_path, content):
    (raw,) = read(write(tmp_path, content))
    assert raw.frame.rows() == [("1", "a", "10"), ("2", "b", "20")]


def test_a_missing_column_names_those_there_are_and_how_to_map(tmp_path):
    path = write(tmp_path, "UserId,item_id,event_time\n1,a,10\n")
    with pytest.raises(DataError) as error:
        read(path)
    message = str(error.value)
    assert f"{path} must have a column 'user_id'" in message
    assert "the columns 'UserId', 'item_id', 'event_time'; the nearest is 'UserId'" in message
    assert "`data: {events: {columns: {user_id: UserId}}}`" in message


def test_a_mapped_column_must_exist_even_where_it_is_optional(tmp_path):
    with pytest.raises(DataError, match="must have a column 'action'"):
        read(write(tmp_path, CSV), columns={"event_type": "action"})


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_another_separator_is_recognised(tmp_path, separator):
    path = write(tmp_path, CSV.replace(",", separator))
    with pytest.raises(DataError) as error:
        read(path)
    assert f"Set `separator: {separator!r}` of `data.events`." in str(error.value)


def test_an_unknown_name_in_the_mapping_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"Received: 'usr_id'; the nearest is 'user_id'"):
        read(write(tmp_path, CSV), columns={"usr_id": "user"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.csv", "", r"must hold rows. Received: an empty file \(0 bytes\)"),
        ("e.parquet", "", r"must hold rows. Received: an empty file"),
        ("e.parquet", "user_id,item_id", r"must be a Parquet file, which begins .*b'user'"),
        ("e.parquet", "PAR1 and then nothing", r"must be a whole Parquet file.*it is cut off"),
        ("e.parquet", "PAR1", r"must be a whole Parquet file.*it is cut off"),
        ("e.csv", CSV + "3,c", r"must end with a whole line of 3 columns.*'3,c'.*is cut off"),
        ("e.csv", CSV + "3,c,30,40\n", r"must be a CSV.*Expected 3 columns, got 4"),
        ("e.csv", CSV.encode() + b"3,caf\xe9,30\n", r"must be a CSV in UTF-8.*utf-8"),
        ("e.csv.gz", gzip.compress(CSV.encode() * 999)[:-9], r"must be a CSV.*Truncated"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, message):
    path = write(tmp_path, content, name)
    with pytest.raises(DataError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_off_parquet_file_is_named(tmp_path, keep):
    path = parquet(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(
        DataError, match=r"whole Parquet file.*it is cut off. Copy or write it anew"
    ):
        read(path)


def test_a_parquet_file_with_broken_pages_is_named(tmp_path):
    path = parquet(tmp_path)
    content = bytearray(path.read_bytes())
    content[20:80] = b"\xff" * 60
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="must be a readable Parquet file"):
        read(path)
