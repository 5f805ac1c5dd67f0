"""Impressions that led to deeds."""

from __future__ import annotations

import polars as pl
import pytest

from components.crediting import led_to_deeds

WINDOW = 100


def table(*rows: tuple[str, str, str | None, int]) -> pl.DataFrame:
    schema = {"user": pl.String, "item": pl.String, "list": pl.String, "time": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def led(shown: pl.DataFrame, deeds: pl.DataFrame) -> list[bool]:
    of = ("user", "item")
    return led_to_deeds(shown, deeds, of=of, listed="list", time="time", window=WINDOW).to_list()


SHOWN = table(("u", "a", "r1", 10), ("u", "a", "r2", 12), ("u", "b", "r2", 12), ("v", "a", "r3", 9))


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (("u", "a", None, 20), [False, True, False, False]),
        (("u", "a", "r1", 20), [True, False, False, False]),
        (("u", "a", "of another shop", 20), [False, True, False, False]),
        (("u", "a", "r2", 11), [True, False, False, False]),
        (("u", "b", "r1", 20), [False, False, True, False]),
        (("u", "a", "r1", 10 + WINDOW + 1), [False] * 4),
        (("u", "a", None, 9), [False] * 4),
        (("w", "a", None, 20), [False] * 4),
    ],
    ids=[
        "the latest",
        "the list that is named",
        "a list that nobody has seen",
        "a list that comes later",
        "a list without the item",
        "too late for the list that is named",
        "before all",
        "somebody else",
    ],
)
def test_a_deed_belongs_to_its_list_or_to_the_latest(deed, expected) -> None:
    assert led(SHOWN, table(deed)) == expected
    assert led(SHOWN.reverse(), table(deed)) == expected[::-1]


def test_lists_without_a_name_are_not_one_list() -> None:
    shown = table(("u", "a", None, 10), ("u", "a", "r", 12))
    assert led(shown, table(("u", "a", None, 20))) == [False, True]


def test_nothing_led_to_nothing() -> None:
    assert led(SHOWN, table()) == [False] * 4
    assert led(table(), SHOWN) == []
