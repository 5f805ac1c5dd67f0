import polars as pl
import pytest

from components import example_columns
from components.example_columns import decoder, read_batches, read_columns, read_records
from tests.components.toy_recommender import write_split
from tests.records import record

COLUMNS = {"name": "bytes", "sizes": "int", "price": "float"}
ROWS = [
    {"name": ["a"], "sizes": [1, 2], "price": [0.5], "ignored": ["x"]},
    {"name": ["b"], "sizes": [3]},  # without a price
    {"name": ["ü"], "sizes": [], "price": [1.5]},
]


@pytest.fixture
def uris(tmp_path):
    write_split(tmp_path, "eval", ROWS)
    return [str(tmp_path / "Split-eval")]


def test_columns_are_lists_of_the_types_asked_for(uris):
    frame = read_columns(uris, COLUMNS)
    assert frame.schema == {
        "name": pl.List(pl.Binary),
        "sizes": pl.List(pl.Int64),
        "price": pl.List(pl.Float32),
    }
    assert frame["name"].to_list() == [[b"a"], [b"b"], ["ü".encode()]]
    assert frame["sizes"].to_list() == [[1, 2], [3], []]
    assert frame["price"].to_list() == [[0.5], [], [1.5]]


def test_rows_are_decoded_alike_one_by_one_and_all_at_once(uris):
    decode, records = decoder(COLUMNS), list(read_records(uris))
    whole = read_columns(uris, COLUMNS)
    assert pl.concat([decode([record]) for record in records]).equals(whole)
    assert decode([]).equals(whole.clear())


def test_a_feature_that_no_row_has_is_empty(uris):
    assert read_columns(uris, {"absent": "float"})["absent"].to_list() == [[], [], []]


def test_batches_pair_rows_with_their_bytes(uris, monkeypatch):
    monkeypatch.setattr(example_columns, "_BATCH", 2)
    batches = list(read_batches(uris, COLUMNS))
    assert [len(frame) for _, frame in batches] == [2, 1]
    records = [record for batch, _ in batches for record in batch]
    assert records == [record(**row) for row in ROWS] == list(read_records(uris))


def test_a_split_may_be_empty_but_not_missing(tmp_path):
    write_split(tmp_path, "eval", [])
    assert len(read_columns([str(tmp_path / "Split-eval")], COLUMNS)) == 0
    with pytest.raises(ValueError, match="at least one file of rows"):
        read_columns([str(tmp_path / "Split-train")], COLUMNS)
