"""Columns as they are seen in the wild: each is read, or refused with what to do."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transform.errors import DataError
from transform.features import Feature
from transform.reading.event_source import EventReader
from transform.settings import DataSettings, Table

NOW = 1_800_000_000
MOMENT = 1_609_495_200  # 2021-01-01 10:00:00 UTC
HEADER = b"user_id,item_id,event_time\n"


def events(path, features=(), **settings):
    data = DataSettings(events=Table(path=str(path), **settings))
    reader = EventReader.open(data, features, now=NOW)
    return pl.concat(part.frame for chunk in reader.chunks for part in reader.read(chunk))


def rows(path, *args, **settings):
    return events(path, *args, **settings).select("user_id", "item_id", "event_time").rows()


def written(tmp_path, content, name="e.csv"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def parquet(tmp_path, **columns):
    table = {"user_id": ["u"], "item_id": ["a"], "event_time": [10], **columns}
    pq.write_table(pa.table(table), tmp_path / "e.parquet")
    return tmp_path / "e.parquet"


# --------------------------------------------------------------------- CSV


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER + b"u,a,10\n",
        HEADER.replace(b"\n", b"\r\n") + b"u,a,10\r\n",
        HEADER + b"u,a,10",
        HEADER + b"\nu,a,10\n\n",
        b"item_id,other,event_time,user_id\na,x,10,u\n",
        b'"user_id","item_id","event_time"\n"u","a","10"\n',
        gzip.compress(HEADER) + gzip.compress(b"u,a,10\n"),
        b"user_id,item_id,event_time,item_id\nu,a,10,b\n",
        HEADER + b'u," a ", 10 \n',
    ],
    ids=[
        *("byte order mark", "windows", "no last line break", "empty lines", "other order"),
        *("quotes", "gzip in members", "a name twice: the first counts", "blanks"),
    ],
)
def test_spellings_of_one_event(tmp_path, content):
    assert rows(written(tmp_path, content)) == [("u", "a", 10)]


def test_quoted_line_breaks_and_separators_stay_within_a_field(tmp_path):
    content = HEADER[:-1] + b',note\nu,"1,234",10,"one\ntwo, ""three"""\nv,b,11,\n'
    note = Feature(name="note", side="context", kind="text")
    frame = events(written(tmp_path, content), [note])
    assert frame["item_id"].to_list() == ["1,234", "b"]
    assert frame["note"].to_list() == ['one\ntwo, "three"', None]


@pytest.mark.parametrize("word", ["NA", "NULL", "nan", "None", "\\N", ""])
def test_words_for_nothing_are_dead_letters_in_a_required_column(tmp_path, word):
    content = HEADER + b"u,a,10\n" + word.encode() + b",b,11\n"
    assert rows(written(tmp_path, content)) == [("u", "a", 10)]


def test_ids_with_leading_zeros_keep_them(tmp_path):
    assert rows(written(tmp_path, HEADER + b"007,0010,10\n")) == [("007", "0010", 10)]


@pytest.mark.parametrize("user", ["1e+05", "1.23457E+11"])
def test_ids_in_scientific_notation_are_refused(tmp_path, user):
    path = written(tmp_path, HEADER + f"{user},a,10\n".encode())
    with pytest.raises(DataError, match=r"ids in full. Received: '1.*scientific.*text_ids: true"):
        rows(path)
    assert rows(path, text_ids=True) == [(user, "a", 10)]


def test_codes_that_resemble_scientific_notation_are_codes(tmp_path):
    assert rows(written(tmp_path, HEADER + b"12e45678,1e5,10\n")) == [("12e45678", "1e5", 10)]


def test_thousands_separators_beside_plain_numbers_are_refused(tmp_path):
    path = written(tmp_path, HEADER + b'999,a,10\n"1,000",a,11\n')
    with pytest.raises(DataError, match=r"mixed types, whole numbers such as '999'.*'1,000'"):
        rows(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + b"u,caf\xe9,10\n", r"must be a CSV in UTF-8.*utf-8"),
        (HEADER + b"u,a,10\n" * 40_000 + b"u,caf\xe9,10\n", r"must be a CSV in UTF-8.*UTF8"),
        ("user_id,item_id,event_time\nu,a,10\n".encode("utf-16"), r"must be a CSV in UTF-8"),
        (HEADER + b"u,a\nu,a,10\n", r"must be a CSV.*Expected 3 columns, got 2"),
        (b"User_ID,item_id,event_time\nu,a,10\n", r"a column 'user_id'.*nearest is 'User_ID'"),
        (b"PK\x03\x04 zip", r"must have a column 'user_id'"),
        (HEADER + b"u,a,31/12/21\n", r"must hold times.*'31/12/21'"),
        (HEADER + b"u,a,20210101\n", r"dates written as numbers, such as 20210101"),
    ],
    ids=[
        *("latin-1", "latin-1 far down", "utf-16", "a field too few", "another case", "zip"),
        *("years of two digits", "days as numbers"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        rows(written(tmp_path, content))


def test_a_file_whose_columns_differ_in_case_is_named(tmp_path):
    written(tmp_path, HEADER + b"u,a,10\n", "a.csv")
    written(tmp_path, HEADER.upper() + b"u,a,10\n", "b.csv")
    with pytest.raises(DataError, match=r"b\.csv must have a column 'user_id'.*'USER_ID'"):
        rows(tmp_path)


def test_files_without_rows_beside_others_are_no_matter(tmp_path):
    written(tmp_path, HEADER + b"u,a,10\n", "a.csv")
    written(tmp_path, HEADER, "b.csv")
    pl.DataFrame(
        schema={"user_id": pl.Int64, "item_id": pl.String, "event_time": pl.Int64}
    ).write_parquet(tmp_path / "c.parquet")
    assert rows(tmp_path) == [("u", "a", 10)]


# ----------------------------------------------------------------- Parquet


@pytest.mark.parametrize(
    "time",
    [
        pa.array([MOMENT * 10**9 + 5], pa.timestamp("ns", "Europe/Vienna")),
        pa.array([MOMENT * 10**6 + 5], pa.timestamp("us")),
        pa.array([MOMENT * 1000], pa.timestamp("ms", "UTC")),
        pa.array([MOMENT], pa.timestamp("s")),
        pa.array([float(MOMENT)], pa.float64()),
        pa.array([Decimal(MOMENT)], pa.decimal128(20, 2)),
        pa.array(["2021-01-01T11:00:00+01:00"], pa.large_string()),
        pa.array(["2021-01-01 10:00:00"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_times_of_many_types(tmp_path, time):
    assert rows(parquet(tmp_path, event_time=time)) == [("u", "a", MOMENT)]


def test_a_date_is_its_midnight(tmp_path):
    day = pa.array([datetime(2021, 1, 1, tzinfo=UTC).date()])
    assert rows(parquet(tmp_path, event_time=day)) == [("u", "a", MOMENT - 36_000)]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array([b"a"]), "a"),
        (pa.array([12], pa.uint8()), "12"),
        (pa.array([12.0]), "12"),
        (pa.array([Decimal("12.00")], pa.decimal128(10, 2)), "12"),
        (pa.array([2**63 + 5], pa.uint64()), "9223372036854775813"),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_ids_of_many_types(tmp_path, ids, expected):
    assert rows(parquet(tmp_path, item_id=ids))[0][1] == expected


def test_string_views_are_text(tmp_path):
    frame = pl.DataFrame({"user_id": ["u" * 30], "item_id": ["a"], "event_time": [10]})
    frame.write_parquet(tmp_path / "e.parquet", use_pyarrow=False)
    assert rows(tmp_path / "e.parquet") == [("u" * 30, "a", 10)]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pa.array([["a"]]), "must hold ids: .*values of type List"),
        (pa.array([True]), "must hold ids: .*values of type Boolean"),
        (pa.array([b"\xff\xfe"]), "must hold ids: .*values of type Binary"),
        (pa.array([1.5]), r"must hold ids: .*Received: 1\.5"),
        (pa.array([2.0**60]), r"ids in full. Received: 1\.15.* at most 15 digits"),
        (pa.array([{"id": 1}]), "must hold ids: .*values of type Struct"),
    ],
    ids=lambda value: str(getattr(value, "type", ""))[:12],
)
def test_what_is_no_id_is_refused(tmp_path, ids, message):
    with pytest.raises(DataError, match=message):
        rows(parquet(tmp_path, item_id=ids))


@pytest.mark.parametrize(
    ("values", "settings", "expected"),
    [
        (pa.array([["x", "y"]]), {"kind": "category", "separator": "|"}, "x|y"),
        (pa.array(["x"]).dictionary_encode(), {"kind": "category"}, "x"),
        (pa.array([3.0]), {"kind": "category"}, "3"),
        (pa.array([2.5]), {"kind": "category"}, "2.5"),
        (pa.array([True]), {"kind": "category"}, "true"),
        (pa.array([Decimal("2.50")], pa.decimal128(10, 2)), {"kind": "number"}, 2.5),
        (pa.array(["2.5"], pa.large_string()), {"kind": "number"}, 2.5),
        (pa.array([MOMENT * 10**9], pa.timestamp("ns", "UTC")), {"kind": "time"}, MOMENT),
        (pa.nulls(1), {"kind": "category"}, None),
        (pa.nulls(1), {"kind": "number"}, None),
    ],
    ids=lambda value: str(getattr(value, "type", ""))[:12],
)
def test_features_of_many_types(tmp_path, values, settings, expected):
    feature = Feature(name="extra", side="context", **settings)
    assert events(parquet(tmp_path, extra=values), [feature])["extra"].to_list() == [expected]


def test_a_feature_of_parts_is_refused(tmp_path):
    feature = Feature(name="extra", side="context", kind="category")
    with pytest.raises(DataError, match=r"single values.*Struct.*column of its own"):
        events(parquet(tmp_path, extra=pa.array([{"a": 1}])), [feature])


def test_whole_floats_read_alike_whatever_stands_beside_them(tmp_path):
    size = Feature(name="size", side="context", kind="category")
    parquet(tmp_path, size=pa.array([3.0])).rename(tmp_path / "a.parquet")
    two = {"user_id": ["u", "u"], "item_id": ["b", "c"], "event_time": [20, 30]}
    pq.write_table(pa.table({**two, "size": [3.0, 2.5]}), tmp_path / "b.parquet")
    assert sorted(events(tmp_path, [size])["size"].to_list()) == ["2.5", "3", "3"]


def test_columns_in_another_order_and_others_beside_them(tmp_path):
    parquet(tmp_path).rename(tmp_path / "a.parquet")
    other = pa.table({"x": [1], "event_time": [20], "item_id": ["b"], "user_id": ["v"]})
    pq.write_table(other, tmp_path / "b.parquet")
    assert sorted(rows(tmp_path)) == [("u", "a", 10), ("v", "b", 20)]
