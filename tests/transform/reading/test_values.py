"""Ids and declared features."""

from decimal import Decimal

import polars as pl
import pytest

from transform.errors import DataError
from transform.features import Feature
from transform.reading.times import time_format
from transform.reading.values import feature_values, id_column, refuse_mixed, refuse_no_numbers

WHERE = "The column `c`"


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        (pl.Series([1, None, -3]), ["1", None, "-3"], "number"),
        (pl.Series([1.0, None, 3.0]), ["1", None, "3"], "number"),
        (pl.Series([1.0, float("nan")]), ["1", None], "number"),
        (pl.Series([2**63 + 1], dtype=pl.UInt64), ["9223372036854775809"], "number"),
        (pl.Series([Decimal("12.00")]), ["12"], "number"),
        (pl.Series(["a", " b ", ""]), ["a", "b", None], "text"),
        (pl.Series(["1.0", "2.0", None]), ["1", "2", None], "text"),
        (pl.Series(["1.0", "b"]), ["1.0", "b"], "text"),
        (pl.Series(["01", "1"]), ["01", "1"], "text"),
        (pl.Series(["x"], dtype=pl.Categorical), ["x"], "text"),
        (pl.Series([b"x"]), ["x"], "text"),
    ],
)
def test_ids_become_text(values, expected, kind):
    ids, found = id_column(values, WHERE)
    assert (ids.to_list(), found) == (expected, kind)


@pytest.mark.parametrize("values", [pl.Series([1.5]), pl.Series([Decimal("1.5")])])
def test_fractions_are_no_ids(values):
    with pytest.raises(DataError, match=r"must hold ids: text or whole numbers. Received: .*1\.5"):
        id_column(values, WHERE)


@pytest.mark.parametrize("values", [pl.Series([True]), pl.Series([[1]]), pl.Series([{"a": 1}])])
def test_other_types_are_no_ids(values):
    with pytest.raises(DataError, match=r"must hold ids: .*values of type"):
        id_column(values, WHERE)


@pytest.mark.parametrize(
    "ids",
    [
        ["1", "2", "abc"],
        ["12", "abc", "def", "x7"],
        [*map(str, range(100)), "unknown"],
    ],
)
def test_numbers_beside_text_are_mixed(ids):
    with pytest.raises(DataError, match=r"ids of one type. Received: mixed types.*text_ids: true"):
        refuse_mixed(pl.Series(ids), WHERE)


@pytest.mark.parametrize(
    "ids",
    [
        ["1", "22", "333", None],
        ["ann", "bob", "c3po"],
        ["1a2b", "9f00", "1234"],  # hashes of one length
        [*(f"user{n}" for n in range(100)), "42"],  # a name that is a number
        ["007", "abc"],  # no number begins with a zero
        [None, None],
    ],
)
def test_ids_of_one_kind_pass(ids):
    refuse_mixed(pl.Series(ids, dtype=pl.String), WHERE)


def values_of(kind, values, separator=None, unit="s"):
    feature = Feature(name="c", side="context", kind=kind, separator=separator)
    series = values if isinstance(values, pl.Series) else pl.Series(values)
    times = time_format([(series, WHERE)], unit) if kind == "time" else None
    return feature_values(series, feature, WHERE, times)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "", "x", " 2 "], [1.5, None, None, 2.0]),
        ([1, None], [1.0, None]),
        ([float("nan"), float("inf"), 1.0], [None, None, 1.0]),
        ([1e300, -1e300, 2.0], [None, None, 2.0]),
        ([True, False], [1.0, 0.0]),
        ([None, None], [None, None]),
    ],
)
def test_numbers(values, expected):
    numbers = values_of("number", values)
    assert numbers.dtype == pl.Float32
    assert numbers.to_list() == expected


def test_a_number_column_of_text_is_refused():
    with pytest.raises(DataError, match=r"must hold numbers. Received: text such as 'red'.*categ"):
        refuse_no_numbers(pl.Series(["red", "blue"]), WHERE)


def test_times_are_unix_seconds_in_the_unit_of_the_table():
    assert values_of("time", [1_600_000_000_000], unit="ms").to_list() == [1_600_000_000]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, " b "], ["a", None, "b"]),
        ([1, None], ["1", None]),
        ([1.0, 2.0, float("nan")], ["1", "2", None]),
        ([1.5], ["1.5"]),
        ([True], ["true"]),
        (pl.Series(["x"], dtype=pl.Categorical), ["x"]),
    ],
)
def test_categories_are_text(values, expected):
    assert values_of("category", values).to_list() == expected


def test_lists_are_joined_by_the_separator_of_the_feature():
    joined = values_of("category", [["a", "b"], [], None, ["c"]], separator="|")
    assert joined.to_list() == ["a|b", "", None, "c"]


def test_lists_need_a_separator():
    with pytest.raises(DataError, match=r"one value in each row unless .*`separator`"):
        values_of("category", [["a", "b"]])
