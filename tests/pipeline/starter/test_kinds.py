"""What columns of every sort become."""

import datetime

import polars as pl
import pytest

from pipeline.starter.kinds import judge, time_unit
from transform.errors import DataError
from transform.features import Kind

N = 200
DAY = datetime.date(2024, 5, 1)
WORDS = ["red", "blue", "green", "wide", "small", "old", "new", "round"]


def several(separator):
    return [separator.join(WORDS[(i + j) % 8] for j in range(1 + i % 3)) for i in range(N)]


@pytest.mark.parametrize(
    ("name", "values", "kind", "separator"),
    [
        ("age", [str(i % 60) for i in range(N)], Kind.NUMBER, None),
        ("price", [i + 0.5 for i in range(N)], Kind.NUMBER, None),
        (
            "gender",
            [None if i % 5 else "F" if i % 2 else "M" for i in range(N)],
            Kind.CATEGORY,
            None,
        ),
        ("member", [i % 2 == 0 for i in range(N)], Kind.CATEGORY, None),
        ("brand_id", [i % 20 for i in range(N)], Kind.CATEGORY, None),
        ("zip_code", [f"0{i % 20}1" for i in range(N)], Kind.CATEGORY, None),
        ("title", [f"The tale of {i} and more" for i in range(N)], Kind.TEXT, None),
        ("tags", several("|"), Kind.CATEGORY, "|"),
        ("genres", several(" "), Kind.CATEGORY, " "),
        ("colours", several(", "), Kind.CATEGORY, ", "),
        ("labels", [["a", "b"], ["c"]] * 100, Kind.CATEGORY, "|"),
        ("born", [f"2024-05-{1 + i % 28:02d}" for i in range(N)], Kind.TIME, None),
        ("since", [DAY + datetime.timedelta(i) for i in range(N)], Kind.TIME, None),
        ("created_at", [1_700_000_000 + i for i in range(N)], Kind.TIME, None),
        ("available_from", [1_700_000_000 + i for i in range(N)], Kind.TIME, None),
        ("price_from", [10 + i for i in range(N)], Kind.NUMBER, None),
    ],
)
def test_a_useful_column_becomes_a_feature(name, values, kind, separator):
    judgement = judge(pl.Series(name, values))
    assert (judgement.kind, judgement.separator) == (kind, separator)
    assert judgement.why


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("sku", [str(10_000 + i) for i in range(N)], "nearly every row has its own"),
        ("url", [f"https://x/{i}" for i in range(N)], "nearly every row has its own"),
        ("zip", [f"T{i}N" for i in range(N)], "nearly every row has its own"),
        ("country", ["US"] * N, "the same in every row"),
        ("empty", ["", "NA", None, ""] * 50, "it is empty"),
        ("inner", [{"a": 1}] * N, "its type is"),
        ("available_to", [1_700_000_000 + i for i in range(N)], "known only afterwards"),
        ("ended", [DAY + datetime.timedelta(i) for i in range(N)], "known only afterwards"),
    ],
)
def test_a_useless_column_is_left_out(name, values, why):
    judgement = judge(pl.Series(name, values))
    assert judgement.kind is None
    assert why in judgement.why


def test_unix_times_tell_their_unit():
    values = pl.Series("created_at", [1_700_000_000_000 + i for i in range(N)])
    assert judge(values).time_unit == "ms"


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([881_250_949, 891_717_742], "s"),
        (["1700000000000", "1700000000001"], "ms"),
        ([1_700_000_000_000_000], "us"),
        ([1_700_000_000_000_000_000], "ns"),
        (["2024-05-31 17:20:00", "2024-05-31"], "s"),
        ([datetime.datetime(2024, 5, 31)], "s"),
    ],
)
def test_the_unit_of_the_log_times(values, unit):
    assert time_unit(pl.Series("t", values), "The column 't'") == unit


def test_days_written_as_numbers_are_refused():
    with pytest.raises(DataError, match="look like days"):
        time_unit(pl.Series("t", [20240131, 20240201]), "The column 't'")


def test_a_column_without_times_is_refused():
    with pytest.raises(DataError, match="The column 't' must hold times"):
        time_unit(pl.Series("t", ["a", "b"]), "The column 't'")
