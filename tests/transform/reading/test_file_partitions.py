"""Hive folders, spans and days in the path, and windows of them."""

from datetime import date

import pytest

from transform.errors import DataError
from transform.reading.file_partitions import Partition, Partitioning, in_window
from transform.settings import Window


def partition(path, file):
    return Partitioning(path).partition_of(file)


@pytest.mark.parametrize(
    ("below", "name", "place"),
    [
        ("dt=2024-03-31/a.csv", "dt=2024-03-31", date(2024, 3, 31)),
        ("dt=20240331/a.csv", "dt=20240331", date(2024, 3, 31)),
        ("country=AT/dt=2024-03-31/a", "country=AT/dt=2024-03-31", date(2024, 3, 31)),
        ("year=2024/month=3/day=31/a", "year=2024/month=3/day=31", date(2024, 3, 31)),
        ("country=AT/a.csv", "country=AT", None),
        ("dt=2024-02-31/a.csv", "dt=2024-02-31", None),
        ("shard=10000000/dt=2024-03-31/a", "shard=10000000/dt=2024-03-31", date(2024, 3, 31)),
        ("plain/a=b.csv", "", None),
    ],
)
def test_hive_folders(below, name, place):
    found = partition("/log", f"/log/{below}")
    assert (found.name, found.place) == (name, place)


def test_keys_and_values_of_hive_folders_are_columns():
    found = partition("/log", "/log/a%20b=x%2Fy/dt=__HIVE_DEFAULT_PARTITION__/f.parquet")
    assert found.columns == (("a b", "x/y"), ("dt", None))


@pytest.mark.parametrize("path", ["/key=1/log/*/*.csv", "/key=1/log/dt=2024-*"])
def test_only_what_the_path_leaves_open_tells_the_partition(path):
    assert partition(path, "/key=1/log/dt=2024-01-01/a.csv").name == "dt=2024-01-01"


def test_one_hive_folder_is_a_partition_too():
    assert partition("/log/dt=2024-01-01", "/log/dt=2024-01-01/a.csv").name == "dt=2024-01-01"


@pytest.mark.parametrize(
    ("path", "file", "expected"),
    [
        ("/log/span-{SPAN}/*", "/log/span-07/a.csv", Partition("07", 7)),
        ("/log/span-{SPAN}", "/log/span-12/deep/a.csv", Partition("12", 12)),
        ("/log/span-{SPAN}", "/log/span-x/a.csv", None),
        (
            "/log/{YYYY}-{MM}-{DD}.csv",
            "/log/2024-03-31.csv",
            Partition("2024-03-31", date(2024, 3, 31)),
        ),
        (
            "/log/{YYYY}/{MM}/{DD}/**/e-{YYYY}{MM}{DD}-?.csv",
            "/log/2024/03/31/x/y/e-20240331-7.csv",
            Partition("2024-03-31", date(2024, 3, 31)),
        ),
        ("/log/{YYYY}/{MM}{DD}/e-{YYYY}.csv", "/log/2024/0331/e-2023.csv", None),
        (
            "gs://b.c/log/{YYYY}{MM}{DD}/*.parquet",
            "gs://b.c/log/20240331/p.parquet",
            Partition("2024-03-31", date(2024, 3, 31)),
        ),
    ],
)
def test_marks_in_the_path(path, file, expected):
    assert partition(path, file) == expected


def test_marks_become_wildcards():
    assert Partitioning("/log/{YYYY}/{MM}-{DD}/*.csv").glob == "/log/*/*-*/*.csv"


@pytest.mark.parametrize("path", ["/log/{YYYY}-{MM}", "/log/{DD}", "/{SPAN}/{YYYY}{MM}{DD}"])
def test_half_a_date_is_refused(path):
    with pytest.raises(DataError, match=r"may hold \{SPAN\}, or \{YYYY\}.*Received: '/.*'"):
        Partitioning(path)


def test_a_day_that_is_none_is_refused():
    with pytest.raises(DataError, match=r"must stand for a day\. Received: /log/2024-02-31\.csv"):
        partition("/log/{YYYY}-{MM}-{DD}.csv", "/log/2024-02-31.csv")


def test_partitions_are_ordered_by_day_or_number_not_by_name():
    days = [partition("/l", f"/l/year=2024/month={m}/day=1/a") for m in (10, 9)]
    spans = [Partition("10", 10), Partition("9", 9)]
    for pair in (days, spans):
        assert sorted(pair, key=lambda p: p.key) == pair[::-1]


DAYS = [Partition(f"dt=2024-03-{d:02d}", date(2024, 3, d)) for d in (1, 2, 3, 5, 6)]
SPANS = [Partition(str(n), n) for n in (8, 9, 10, 12)]


def names(partitions, **window):
    return sorted(p.name for p in in_window(partitions, Window(**window)))


def test_a_window_of_days_ends_with_the_latest_or_where_it_is_told():
    assert names(DAYS, last=2) == ["dt=2024-03-05", "dt=2024-03-06"]
    assert names(DAYS, last=3) == ["dt=2024-03-05", "dt=2024-03-06"]  # the 4th is missing
    assert names(DAYS, last=2, until=date(2024, 3, 3)) == ["dt=2024-03-02", "dt=2024-03-03"]
    assert names(DAYS, last=99, until=date(2024, 3, 2)) == ["dt=2024-03-01", "dt=2024-03-02"]


def test_a_window_of_spans_counts_their_numbers():
    assert names(SPANS, last=3) == ["10", "12"]
    assert names(SPANS, last=2, until=9) == ["8", "9"]


@pytest.mark.parametrize(
    ("partitions", "window", "message"),
    [
        (DAYS, {"last": 7, "until": date(2024, 2, 1)}, r"must reach a partition.*2024-03-01, 2024"),
        (DAYS, {"last": 7, "until": 5}, r"must be a day, as the partitions are. Received: 5"),
        (SPANS, {"last": 7, "until": date(2024, 2, 1)}, r"must be a span.*there are 8, 9, 10, 12"),
        ([Partition("")], {"last": 7}, r"Received: files in no partition"),
        ([*DAYS, Partition("dt=x")], {"last": 7}, r"Received: files in 'dt=x'"),
    ],
)
def test_windows_that_reach_nothing_are_refused(partitions, window, message):
    with pytest.raises(DataError, match=message):
        in_window(partitions, Window(**window))


def test_what_hive_could_not_place_lies_in_no_window():
    unplaced = Partition("dt=none", None, (("dt", None),))
    assert names([*DAYS, unplaced], last=1) == ["dt=2024-03-06"]
    with pytest.raises(DataError, match="needs a partition with a day"):
        in_window([unplaced], Window(last=1))


def test_many_partitions_are_listed_in_short():
    many = [Partition(str(n), n) for n in range(100)]
    with pytest.raises(DataError, match=r"there are 0, 1, 2, 3, 4 \.\.\. 99 \(100 partitions\)"):
        in_window(many, Window(last=1, until=500))
