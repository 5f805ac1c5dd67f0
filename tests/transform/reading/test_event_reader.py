"""The event log in chunks: bounded parts, one total order, formats that all chunks share."""

import pickle
from datetime import UTC, date, datetime

import hypothesis
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from tests.transform.reading.reading import DAY, csv, dead, events, log, parts_of, reader_of
from transform.errors import DataError
from transform.features import Feature
from transform.reading.event_rows import NO_NUMBER, NO_TIME
from transform.settings import Window

# ------------------------------------------------------------------ chunks


@pytest.mark.parametrize("rows_per_part", [1, 7, 10, 25, 1000])
@pytest.mark.parametrize("row_group_size", [4, 10, 100])
def test_parts_are_bounded_and_hold_every_row_in_its_place(tmp_path, rows_per_part, row_group_size):
    log(50).write_parquet(tmp_path / "e.parquet", row_group_size=row_group_size)
    reader = reader_of(tmp_path / "e.parquet", rows_per_part=rows_per_part)
    groups = [group for chunk in reader.chunks for group in chunk.row_groups]
    assert groups == list(range(-(-50 // row_group_size)))
    parts = parts_of(reader)
    assert max(part.rows for part in parts) <= rows_per_part
    frame = pl.concat(part.frame for part in parts)
    assert frame["item_id"].to_list() == [f"i{n}" for n in range(50)]
    assert frame["order"].to_list() == list(range(50))


@pytest.mark.parametrize("rows_per_part", [7, 1000])
def test_a_csv_is_one_chunk_of_bounded_parts(tmp_path, rows_per_part):
    log(50).write_csv(tmp_path / "e.csv")
    reader = reader_of(tmp_path / "e.csv", rows_per_part=rows_per_part)
    assert [chunk.row_groups for chunk in reader.chunks] == [None]
    parts = parts_of(reader)
    assert [part.rows for part in parts] == ([7] * 7 + [1] if rows_per_part == 7 else [50])
    assert pl.concat(part.frame for part in parts)["order"].to_list() == list(range(50))
    size = (tmp_path / "e.csv").stat().st_size
    assert [part.bytes_read for part in parts] == [size] + [0] * (len(parts) - 1)


def test_large_csvs_are_not_held_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("transform.reading.raw_tables.CSV_BLOCK_BYTES", 1 << 12)
    log(2000).write_csv(tmp_path / "e.csv")
    reader = reader_of(tmp_path / "e.csv", rows_per_part=100)
    read = [part.rows for part in reader.read(reader.chunks[0])]
    assert read == [100] * 20


def test_the_order_tells_the_rank_of_the_file(tmp_path):
    for name, start in (("a", 0), ("b", 100)):
        log(3, start).write_parquet(tmp_path / f"{name}.parquet")
    orders = [part.frame["order"].to_list() for part in parts_of(reader_of(tmp_path))]
    assert orders == [[0, 1, 2], [1 << 40, (1 << 40) + 1, (1 << 40) + 2]]


def test_rejected_rows_leave_their_number_out(tmp_path):
    path = csv(tmp_path / "e.csv", "u,a,10", ",b,11", "u,c,12")
    assert events(path)["order"].to_list() == [0, 2]
    assert dead(path) == [(2, "user_id is missing")]


def test_rows_of_dead_letters_count_through_all_parts(tmp_path):
    frame = log(50).with_columns(
        pl.when(pl.col("item_id").is_in(["i3", "i44"]))
        .then(None)
        .otherwise("user_id")
        .alias("user_id")
    )
    frame.write_parquet(tmp_path / "e.parquet", row_group_size=20)
    letters = pl.concat(
        part.dead for part in parts_of(reader_of(tmp_path / "e.parquet", rows_per_part=8))
    )
    assert letters["row"].to_list() == [4, 45]
    assert letters["item_id"].to_list() == ["i3", "i44"]


def test_a_file_that_shrinks_while_it_is_read_is_named(tmp_path):
    log(20).write_parquet(tmp_path / "events.parquet")
    reader = reader_of(tmp_path / "events.parquet")
    log(15).write_parquet(tmp_path / "events.parquet")
    with pytest.raises(
        DataError, match=r"must not change.*Received: .*events\.parquet with 15 rows"
    ):
        parts_of(reader)


def test_only_the_bytes_of_the_columns_that_are_needed_are_read(tmp_path):
    path = tmp_path / "e.parquet"
    log(50).write_parquet(path, row_group_size=10, compression="uncompressed")
    reader = reader_of(path, rows_per_part=20)
    groups = pq.ParquetFile(path).metadata
    expected = sum(
        groups.row_group(group).column(column).total_compressed_size
        for group in range(5)
        for column in range(3)
    )
    assert sum(part.bytes_read for part in parts_of(reader)) == expected
    assert reader.bytes_total == path.stat().st_size > 1.5 * expected


@hypothesis.settings(max_examples=10)
@hypothesis.given(st.permutations(range(4)))
def test_names_of_files_do_not_matter(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("log")
    for content, name in enumerate(names):
        log(5, 10 * content).write_parquet(folder / f"{name}.parquet")
    base = tmp_path_factory.mktemp("base")
    for content in range(4):
        log(5, 10 * content).write_parquet(base / f"{content}.parquet")
    assert events(folder).equals(events(base))


def test_a_reader_travels_to_workers(tmp_path):
    log(5).write_parquet(tmp_path / "e.parquet")
    reader = reader_of(tmp_path / "e.parquet")
    copy = pickle.loads(pickle.dumps(reader))
    assert parts_of(copy)[0].frame.equals(parts_of(reader)[0].frame)


# -------------------------------------------------------------- partitions


@pytest.fixture
def days(tmp_path):
    for day in (1, 2, 3):
        folder = tmp_path / "log" / f"dt=2024-01-0{day}" / "country=AT"
        folder.mkdir(parents=True)
        log(4, 10 * day).write_parquet(folder / "part.parquet")
        (folder / "_SUCCESS").write_text("")
    return tmp_path / "log"


def test_only_the_partitions_of_the_window_are_read(days):
    reader = reader_of(days, window=Window(last=2, until=date(2024, 1, 2)))
    assert reader.partitions == ("dt=2024-01-01/country=AT", "dt=2024-01-02/country=AT")
    frame = pl.concat(part.frame for part in parts_of(reader))
    assert frame["item_id"].to_list() == [f"i{n}" for n in (10, 11, 12, 13, 20, 21, 22, 23)]
    assert reader.bytes_total == sum(file.stat().st_size for file in days.rglob("*.parquet"))


def test_files_outside_the_window_need_not_even_be_whole(days):
    (days / "dt=2024-01-01" / "country=AT" / "part.parquet").write_text("still being written")
    assert len(events(days, window=Window(last=1))) == 4
    with pytest.raises(DataError, match="must be a Parquet file"):
        events(days)


def test_hive_keys_are_columns_where_the_files_lack_them(days):
    country = Feature(name="country", side="context", kind="category")
    frame = events(days, [country], columns={"event_time": "dt"})
    assert set(frame["country"]) == {"AT"}
    assert frame["event_time"].to_list()[::4] == [1704067200 + n * DAY for n in range(3)]


def test_a_column_of_the_file_comes_before_the_key_of_a_folder(tmp_path):
    (tmp_path / "user_id=other").mkdir()
    log(2).write_parquet(tmp_path / "user_id=other" / "a.parquet")
    assert events(tmp_path)["user_id"].to_list() == ["u0", "u1"]


# ------------------------------------------------- formats that chunks share


@pytest.fixture
def short_sample(monkeypatch):
    monkeypatch.setattr("transform.reading.event_formats._SAMPLE_ROWS", 10)
    monkeypatch.setattr("transform.reading.event_formats._LEAST_SAMPLE_ROWS", 10)


def test_a_later_chunk_cannot_read_its_dates_otherwise(tmp_path):
    # The second part alone would be month first: only the whole says that the day comes first.
    rows = [f"u,a{n},{13 + n % 9}/02/2021" for n in range(20)]
    rows += [f"u,b{n},03/04/2021" for n in range(20)] + ["u,c,04/25/2021"]
    path = csv(tmp_path / "e.csv", *rows)
    reader = reader_of(path, rows_per_part=10)
    frame = pl.concat(part.frame for part in parts_of(reader))
    moment = datetime(2021, 4, 3, tzinfo=UTC).timestamp()
    assert set(frame.filter(pl.col("item_id").str.starts_with("b"))["event_time"]) == {moment}
    assert dead(path, rows_per_part=10) == [(41, NO_TIME)]


def test_days_beyond_the_head_of_the_files_are_looked_for(tmp_path, short_sample):
    rows = [f"u,a{n},03/04/2021" for n in range(50)]
    path = csv(tmp_path / "e.csv", *rows, "u,b,04/25/2021")
    assert events(path)["event_time"][0] == datetime(2021, 3, 4, tzinfo=UTC).timestamp()
    with pytest.raises(DataError, match=r"which number is the month. Received: '03/04/2021'"):
        reader_of(csv(tmp_path / "e.csv", *rows))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("13/01/2021", "01/13/2021"),
        ("2021-01-13", "13/01/2021"),
        ("1610000000", "2021-01-13"),
    ],
)
def test_files_that_write_times_in_two_ways_are_refused(tmp_path, first, second):
    csv(tmp_path / "a.csv", f"u,a,{first}", f"u,b,{first}")
    csv(tmp_path / "b.csv", f"u,c,{second}")
    with pytest.raises(DataError, match=r"one way in all files. Received: .* in: The column"):
        reader_of(tmp_path)


def test_an_undecided_file_is_read_as_the_others_are(tmp_path):
    csv(tmp_path / "a.csv", "u,a,13/01/2021")
    csv(tmp_path / "b.csv", "u,b,02/03/2021")
    frame = events(tmp_path).sort("item_id")
    assert frame["event_time"][1] == datetime(2021, 3, 2, tzinfo=UTC).timestamp()


def test_a_user_id_that_is_no_number_among_numbers_is_a_dead_letter(tmp_path, short_sample):
    path = csv(tmp_path / "e.csv", *(f"{n},a,1{n}" for n in range(30)), "total,a,10")
    assert dead(path) == [(31, NO_NUMBER)]
    assert dead(path, text_ids=True) == []


def test_zeros_behind_the_point_are_dropped_in_all_files_alike(tmp_path):
    csv(tmp_path / "a.csv", "1.0,7.0,10", "2.0,8.0,11")
    csv(tmp_path / "b.csv", "3,7,12")
    frame = events(tmp_path).sort("event_time")
    assert frame["user_id"].to_list() == ["1", "2", "3"]
    assert frame["item_id"].to_list() == ["7", "8", "7"]


def test_a_parquet_file_whose_ids_turn_out_to_be_of_another_kind_is_refused(tmp_path, short_sample):
    log(3).write_parquet(tmp_path / "a.parquet")
    other = log(2000).with_columns(user_id=pl.Series([None] * 1999 + [5]))
    other.write_parquet(tmp_path / "b.parquet")
    reader = reader_of(tmp_path)
    with pytest.raises(DataError, match=r"mixed types, text in .*a\.parquet and number in .*b\."):
        parts_of(reader)
