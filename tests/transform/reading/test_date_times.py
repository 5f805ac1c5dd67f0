"""Date-times written as text."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.errors import DataError
from transform.reading.date_times import (
    DateEvidence,
    DateFormat,
    DateOrder,
    date_format,
    decided,
)

MOMENT = 1_609_495_200  # 2021-01-01 10:00:00 UTC


def parse(*texts):
    text = pl.Series(texts, dtype=pl.String)
    order = decided(DateEvidence.of(text.drop_nulls()), "The column `t`")
    return date_format(text, order).seconds(text).to_list()


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


SPELLINGS = {
    DateOrder.YEAR_FIRST: ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%dT%H:%M:%S GMT"],
    DateOrder.DAY_FIRST: ["%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d-%m-%YT%H:%M:%S"],
    DateOrder.MONTH_FIRST: ["%m/%d/%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%m.%d.%Y %H:%M:%SZ"],
}


@given(
    order=st.sampled_from(list(DateOrder)),
    moments=st.lists(
        st.tuples(
            st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)),
            st.integers(min_value=0, max_value=2),
        ),
        min_size=1,
        max_size=8,
    ),
    usual=st.integers(min_value=0, max_value=2),
)
def test_the_spelling_that_is_tried_first_changes_no_value(order, moments, usual):
    spellings = SPELLINGS[order]
    text = pl.Series([moment.strftime(spellings[kind]) for moment, kind in moments])
    expected = [int(moment.replace(tzinfo=UTC, microsecond=0).timestamp()) for moment, _ in moments]
    assert DateFormat(order, spellings[usual]).seconds(text).to_list() == expected
    assert date_format(text, order).seconds(text).to_list() == expected


def test_what_is_written_in_another_order_is_no_date():
    assert DateFormat(DateOrder.DAY_FIRST, "%d/%m/%Y").seconds(
        pl.Series(["31/12/2021", "12/31/2021", "2021-12-31", "31/12/21", None])
    ).to_list() == [1_640_908_800, None, None, None, None]


def test_evidence_from_several_files_is_joined():
    undecided = DateEvidence.of(pl.Series(["3/4/2021", "5/6/2021"]))
    telling = DateEvidence.of(pl.Series(["13/4/2021"]))
    assert undecided.order is None
    assert undecided.differ
    assert DateEvidence.joined([undecided, telling]).order is DateOrder.DAY_FIRST
