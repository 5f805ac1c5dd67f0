"""Times in all spellings."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from transform.errors import DataError
from transform.reading.times import unix_seconds

MOMENT = 1_609_495_200  # 2021-01-01 10:00:00 UTC


def seconds(values, unit="s", dtype=None):
    return unix_seconds(pl.Series("t", values, dtype=dtype), unit, "The column `t`").to_list()


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([MOMENT], "s"),
        ([MOMENT * 1000 + 999], "ms"),
        ([MOMENT * 10**6 + 1], "us"),
        ([MOMENT * 10**9 + 1], "ns"),
        ([MOMENT + 0.75], "s"),
        ([str(MOMENT)], "s"),
        ([f" {MOMENT}.25 "], "s"),
        (["1.6094952e9"], "s"),
        ([datetime(2021, 1, 1, 10)], "s"),
        ([datetime(2021, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))], "s"),
        (["2021-01-01 10:00:00"], "s"),
        (["2021-01-01T10:00:00Z"], "s"),
    ],
)
def test_one_moment_in_all_spellings(values, unit):
    assert seconds(values, unit) == [MOMENT]


def test_a_date_is_its_midnight_in_utc():
    assert seconds([date(2021, 1, 1)]) == [1_609_459_200]


def test_small_numbers_are_times_too():
    assert seconds([0, 1, 2]) == [0, 1, 2]


@pytest.mark.parametrize("values", [["", None], [None, None]])
def test_a_column_without_times_is_null(values):
    assert seconds(values, dtype=pl.String) == [None, None]


def test_a_few_values_that_are_no_times_are_null():
    assert seconds([str(MOMENT), "x", str(MOMENT), ""]) == [MOMENT, None, MOMENT, None]
    assert seconds([1.5, float("nan"), float("inf")]) == [1, None, None]


@pytest.mark.parametrize(("factor", "unit"), [(10**3, "ms"), (10**6, "us"), (10**9, "ns")])
@pytest.mark.parametrize("spelling", [int, str])
def test_a_finer_unit_is_recognised(factor, unit, spelling):
    with pytest.raises(
        DataError, match=rf"as {unit} they lie at 2021-01-01. Set `time_unit: {unit}`"
    ):
        seconds([spelling(MOMENT * factor)])


def test_seconds_declared_as_something_finer_are_recognised():
    with pytest.raises(DataError, match=r"first weeks of 1970; as s they lie at 2021-01-01"):
        seconds([MOMENT], "ms")


def test_numbers_that_are_no_times_in_any_unit():
    with pytest.raises(DataError, match=r"beyond the year 5000. Correct the column"):
        seconds([8 * 10**10, 5 * 10**13])


def test_dates_written_as_numbers_are_refused():
    with pytest.raises(DataError, match=r"dates written as numbers, such as 20240131"):
        seconds([20240131, 20241231])


def test_text_that_holds_no_times():
    with pytest.raises(DataError, match=r"must hold times: .*Received: 'yesterday'"):
        seconds(["yesterday", "today"])


def test_a_type_that_holds_no_times():
    with pytest.raises(DataError, match=r"must hold times: .*type Boolean"):
        seconds([True, False])


def test_the_present_is_no_problem():
    now = int(datetime.now(tz=UTC).timestamp())
    assert seconds([now]) == [now]


def test_what_systems_write_for_nothing_is_no_time():
    assert seconds([datetime(1, 1, 1), datetime(2021, 1, 1, 10)]) == [None, MOMENT]
    assert seconds([-(2**63), MOMENT, MOMENT]) == [None, MOMENT, MOMENT]
