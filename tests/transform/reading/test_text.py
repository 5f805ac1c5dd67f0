"""Text as files have it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.reading.text import holds_byte, is_plain, stripped, text_or_missing

NOTHING = ("", "null", "NULL", "nan", "NA", "N/A", "<NA>", "None", "\\N", "  ", "\u00a0")


@pytest.mark.parametrize("text", NOTHING)
def test_what_other_tools_write_for_nothing_is_missing(text):
    assert text_or_missing(pl.Series([text, "x", None])).to_list() == [None, "x", None]


def test_words_that_hold_such_a_word_are_kept():
    assert text_or_missing(pl.Series(["NATO", "nan1", "none"])).to_list() == [
        "NATO",
        "nan1",
        "none",
    ]


@given(st.lists(st.none() | st.text(alphabet="aé \t\n\u3000\u0085~!", max_size=4)))
def test_blanks_of_any_kind_are_stripped(values):
    series = pl.Series(values, dtype=pl.String)
    assert stripped(series).to_list() == [value and value.strip() for value in values]


@given(st.lists(st.none() | st.text(max_size=40), max_size=9), st.integers(0, 9))
def test_plain_text_is_printable_ascii(values, start):
    series = pl.Series(values, dtype=pl.String)[start:]
    text = "".join(value or "" for value in values[start:])
    assert is_plain(series) == all(" " < letter <= "~" for letter in text)
    assert holds_byte(series, b"+") == ("+" in text)
