"""Formats, separators and headers of the tables that people have."""

import gzip

import polars as pl
import pytest

from pipeline.starter import sample
from pipeline.starter.errors import InitError
from pipeline.starter.sample import read_sample
from transform.errors import DataError

FRAME = pl.DataFrame({"user": ["1", "2"], "item": ["a", "b, c"], "note": ['say "so"', "x"]})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_recognised(tmp_path, separator):
    path = tmp_path / "log.csv"
    FRAME.write_csv(path, separator=separator)
    read = read_sample(str(path), "events")
    assert read.separator == separator
    assert read.frame.equals(FRAME)
    assert read.complete


def test_a_comma_inside_the_header_of_a_tab_file_is_no_separator(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user\titem, by id\n1\ta\n2\tb\n")
    assert read_sample(str(path), "events").separator == "\t"


def test_csv_columns_stay_text(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("\ufeffuser,item\n007,1.50\n", encoding="utf-8")
    assert read_sample(str(path), "events").frame.rows() == [("007", "1.50")]
    assert read_sample(str(path), "events").frame.columns == ["user", "item"]


@pytest.fixture
def days(tmp_path):
    for day in range(1, 6):
        folder = tmp_path / "log" / f"dt=2024-01-0{day}"
        folder.mkdir(parents=True)
        pl.DataFrame({"user": [day] * 9}).write_parquet(folder / "part.parquet")
        (folder / "_SUCCESS").write_text("")
    return tmp_path / "log"


def test_of_folders_and_globs_files_from_the_first_to_the_last_are_read(days, monkeypatch):
    monkeypatch.setattr(sample, "_FILES", 3)
    for path in (days, days / "*" / "*.parquet"):
        read = read_sample(str(path), "events")
        assert read.frame.unique().sort("user").rows() == [
            (1, "2024-01-01"),
            (3, "2024-01-03"),
            (5, "2024-01-05"),
        ]
        assert read.frame.columns == ["user", "dt"]
        assert read.separator is None
        assert not read.complete


def test_a_whole_column_can_be_read(days):
    values = pl.concat(read_sample(str(days), "events").column("user"))
    assert values.to_list() == [day for day in range(1, 6) for _ in range(9)]


def test_files_may_lack_columns_of_others(tmp_path):
    pl.DataFrame({"user": [1]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"user": [2], "page": ["x"]}).write_parquet(tmp_path / "b.parquet")
    frame = read_sample(str(tmp_path), "events").frame
    assert frame.rows() == [(1, None), (2, "x")]


def test_a_compressed_csv_is_looked_into(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"user;item\n1;a\n"))
    assert read_sample(str(path), "events").separator == ";"


def test_only_the_first_rows_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 2)
    path = tmp_path / "log.csv"
    path.write_text("a,b\n" + "1,2\n" * 5)
    read = read_sample(str(path), "events")
    assert read.frame.height == 2
    assert not read.complete


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"user_id,item_id\n", "has none"),
        (b"1\t242\t881250949\n2\t302\t891717742\n", "must begin with a line of column names"),
        (b"one column\nonly\n", "a comma, tab, semicolon or bar"),
        (b"PAR1 but nothing else", "must be a whole Parquet file"),
        (b"user,item\n1,caf\xe9\n", "must be a CSV in UTF-8"),
        (b"user,item\n1,a\n2\n", "must be a CSV|cut off"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises((InitError, DataError), match=words) as caught:
        read_sample(str(path), "events")
    assert str(path) in str(caught.value)


def test_a_path_that_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(DataError, match="where there is none"):
        read_sample(str(tmp_path / "nothing.csv"), "events")
