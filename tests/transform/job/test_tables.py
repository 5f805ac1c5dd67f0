"""Tables in files, read in ranges."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.job.tables import read_rows, read_table, read_text, write_table, write_text

ROWS = 100_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    frame = pl.DataFrame(
        {
            "n": range(ROWS),
            "text": [f"t{n}" for n in range(ROWS)],
            "some": [None, 1.5] * (ROWS // 2),
        }
    )
    path = str(tmp_path_factory.mktemp("tables") / "table.arrow")
    write_table(path, frame)
    return path, frame


def test_a_table_comes_back(table):
    path, frame = table
    assert read_table(path).equals(frame)


@given(st.integers(0, ROWS), st.integers(0, ROWS))
@settings(max_examples=30)
def test_any_range_of_rows_can_be_read_alone(table, one, other):
    path, frame = table
    start, stop = sorted((one, other))
    assert read_rows(path, start, stop).equals(frame[start:stop])


def test_an_empty_table_has_its_columns(tmp_path):
    path = str(tmp_path / "empty.arrow")
    write_table(path, pl.DataFrame(schema={"n": pl.Int32, "text": pl.String}))
    assert read_table(path).schema == {"n": pl.Int32, "text": pl.String}
    assert len(read_rows(path, 0, 0)) == 0


def test_a_file_that_fails_while_it_is_written_is_never_seen(tmp_path):
    class Broken:
        def encode(self):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        write_text(str(tmp_path / "text"), Broken())
    assert not list(tmp_path.iterdir())


def test_a_missing_text_is_none(tmp_path):
    assert read_text(str(tmp_path / "none")) is None
