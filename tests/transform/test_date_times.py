"""Date-times written as text."""

import polars as pl
import pytest

from transform.date_times import parse_date_times
from transform.errors import DataError

MOMENT = 1_609_495_200  # 2021-01-01 10:00:00 UTC


def parse(*texts):
    return parse_date_times(pl.Series(texts, dtype=pl.String), "The column `t`").to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2021-01-01 10:00:00",
        "2021-01-01T10:00:00",
        "2021-01-01 10:00",
        "2021-01-01T10:00:00Z",
        "2021-01-01 10:00:00 UTC",
        "2021-01-01T10:00:00.123456Z",
        "2021-01-01T10:00Z",
        "2021-01-01T12:00:00+02:00",
        "2021-01-01T12:00:00+0200",
        "2021/01/01 10:00",
        "2021.1.1 10:00:00",
    ],
)
def test_year_first(text):
    assert parse(text) == [MOMENT]


def test_spellings_may_be_mixed_in_a_column():
    midnight = MOMENT - 10 * 3600
    assert parse("2021-01-01", "2021-01-01 10:00", None, "nonsense") == [
        midnight,
        MOMENT,
        None,
        None,
    ]


def test_the_whole_column_decides_between_day_and_month_first():
    assert parse("1/2/2021 10:00", "1/13/2021 8:05")[0] == parse("2021-01-02 10:00")[0]
    assert parse("1.2.2021 10:00", "13.1.2021 8:05")[0] == parse("2021-02-01 10:00")[0]


def test_where_no_day_is_beyond_the_twelfth_it_stays_undecided():
    with pytest.raises(DataError, match=r"which number is the month. Received: '1/2/2021 10:00'"):
        parse("1/2/2021 10:00", "3/4/2021 10:00")


def test_equal_days_and_months_are_no_question():
    assert parse("1/1/2021 10:00") == [MOMENT]


def test_nothing_that_is_understood():
    assert parse("soon", None) == [None, None]
