"""Formats, separators and headers of the tables that people have."""

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


def test_parquet_folders_and_globs_are_read_by_their_first_file(tmp_path):
    for day in ("02", "01"):
        (tmp_path / "log" / f"day={day}").mkdir(parents=True)
        frame = pl.DataFrame({"user": [day]})
        frame.write_parquet(tmp_path / "log" / f"day={day}" / "part.parquet")
    for path in (tmp_path / "log", tmp_path / "log" / "*" / "*.parquet"):
        read = read_sample(str(path), "events")
        assert read.frame.rows() == [("01",)]
        assert read.separator is None


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
        (b"PAR1 but nothing else", "must be Parquet, or CSV"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(InitError, match=words) as caught:
        read_sample(str(path), "events")
    assert str(path) in str(caught.value)


def test_a_path_that_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(DataError, match="where there is none"):
        read_sample(str(tmp_path / "nothing.csv"), "events")
