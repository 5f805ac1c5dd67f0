"""What of the items table counts, and which tables are refused."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from components.item_refresh.items import (
    DESCRIBED,
    ENDS,
    fingerprint,
    items_of_now,
    known_items,
    still_listed,
)
from transform.aggregates import Aggregate
from transform.errors import DataError
from transform.features import Feature, Kind, Side
from transform.job.shards import write_catalogue
from transform.rows.catalogue import described_rows

FEATURES = (
    Feature(name="genre", side=Side.CANDIDATE, kind=Kind.CATEGORY),
    Feature(name="price", side=Side.CANDIDATE, kind=Kind.NUMBER),
)
DECLARED = json.dumps([feature.model_dump(mode="json") for feature in FEATURES])
BEHAVIOUR = pl.DataFrame({"item_id": ["a", "b"], "item_count": [3, 1]})


def settings(path: Path | None) -> str:
    items = {"items": {"path": str(path)}} if path else {}
    return json.dumps({"events": {"path": "never-read.csv"}, **items})


def items(tmp_path: Path, rows: str, now: int = 100) -> pl.DataFrame:
    path = tmp_path / "items.csv"
    path.write_text(f"item_id,genre,price,valid_from\n{rows}")
    return items_of_now(settings(path), DECLARED, now)


@pytest.fixture
def catalogue(tmp_path: Path) -> list[str]:
    """As a training leaves it: `a` and `c` are described, `b` is known from the log alone."""
    table = pl.DataFrame({"item_id": ["a", "c"], "genre": ["jazz", ""], "price": [None, 2.0]})
    write_catalogue(described_rows(BEHAVIOUR, table, FEATURES), str(tmp_path))
    return [str(tmp_path / "Split-catalogue")]


def test_only_rows_that_hold_by_now_count(tmp_path: Path) -> None:
    rows = "a,jazz,1,0\na,folk,1,50\na,rock,1,101\nb,folk,1,101\n"
    assert items(tmp_path, rows)["genre"].to_list() == ["folk"]
    assert items(tmp_path, rows, now=101)["genre"].to_list() == ["rock", "folk"]


def test_without_an_items_table_there_is_nothing_to_refresh() -> None:
    with pytest.raises(DataError, match="comes from the items table"):
        items_of_now(settings(None), DECLARED, 0)
    with pytest.raises(DataError, match=r"without `data\.items`\. Name the table"):
        items_of_now(settings(None), "[]", 0)


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    some = fingerprint(items(tmp_path, "a,jazz,1,0\nb,,,0\n"))
    assert fingerprint(items(tmp_path, "b,,,0\na,jazz,1.0,0\n")) == some
    others = ["a,jazz,1,0\n", "a,jazz,2,0\nb,,,0\n", "a,,1,0\nb,jazz,,0\n"]
    assert some not in {fingerprint(items(tmp_path, rows)) for rows in others}


def test_what_the_training_knew_is_read_from_its_catalogue(catalogue: list[str]) -> None:
    known = known_items(catalogue, FEATURES, ())
    assert known.rows() == [("a", 3, True, None), ("b", 1, False, None), ("c", 0, True, None)]
    assert known.columns == ["item_id", "item_count", DESCRIBED, ENDS]


def test_aggregates_of_items_are_carried_over_at_both_moments(tmp_path: Path) -> None:
    sold = Aggregate(name="sold", of="item", count="buy", window="7d")
    sold_then_and_now = pl.Series([[2.0, 5.0], [1.0, 0.0]], dtype=pl.List(pl.Float32))
    behaviour = BEHAVIOUR.with_columns(sold=sold_then_and_now)
    table = pl.DataFrame({"item_id": ["a", "c"], "genre": ["jazz", ""], "price": [None, 2.0]})
    rows = described_rows(behaviour, table, FEATURES)
    write_catalogue(rows, str(tmp_path))
    known = known_items([str(tmp_path / "Split-catalogue")], FEATURES, (sold,))
    assert known["sold"].to_list() == [[2.0, 5.0], [1.0, 0.0], [0.0, 0.0]]
    again = described_rows(known.drop(DESCRIBED, ENDS), table, FEATURES)
    assert again.to_pylist() == rows.to_pylist()


def test_a_catalogue_with_one_value_of_an_aggregate_is_of_an_older_version(tmp_path: Path) -> None:
    sold = Aggregate(name="sold", of="item", count="buy", window="7d")
    rows = described_rows(
        BEHAVIOUR.with_columns(sold=pl.Series([2.0, 1.0], dtype=pl.Float32)), None, ()
    )
    write_catalogue(rows, str(tmp_path))
    with pytest.raises(DataError, match=r"2 values of each .* Train one first \(sluice run\)"):
        known_items([str(tmp_path / "Split-catalogue")], (), (sold,))


def test_items_that_were_trained_on_stay_and_others_go_with_their_row(
    catalogue: list[str],
) -> None:
    many = pl.DataFrame({"item_id": [f"m{n}" for n in range(30)], "item_count": 0, DESCRIBED: True})
    known = pl.concat([known_items(catalogue, FEATURES, ()), many], how="diagonal_relaxed")
    table = many.select("item_id")
    assert still_listed(known, table, now=0).rows() == [
        ("a", 3),
        ("b", 1),
        *((f"m{n}", 0) for n in range(30)),
    ]


def test_a_table_of_what_is_new_alone_is_refused(catalogue: list[str]) -> None:
    known = known_items(catalogue, FEATURES, ())
    with pytest.raises(DataError, match=r"without 2 of 2. Give the whole table"):
        still_listed(known, pl.DataFrame({"item_id": ["b", "new"]}), now=0)
    kept = still_listed(known, pl.DataFrame({"item_id": ["a", "c", "new"]}), now=0)
    assert kept["item_id"].to_list() == ["a", "b", "c"]


def known_until(ends: int | None) -> pl.DataFrame:
    """Four described items, which the training took to end then."""
    return pl.DataFrame(
        {"item_id": list("abcd"), "item_count": 1, DESCRIBED: True, ENDS: ends},
        schema_overrides={ENDS: pl.Int64},
    )


@pytest.mark.parametrize("ends", [None, 200])
def test_a_table_that_ends_what_is_on_show_is_refused(ends: int | None) -> None:
    table = pl.DataFrame({"item_id": list("abcd"), "available_to": [100, 100, 101, None]})
    assert len(still_listed(known_until(ends), table, now=100)) == 4  # a half has ended
    with pytest.raises(DataError, match=r"`available_to` has ended 3 of 4\. Check what the export"):
        still_listed(known_until(ends), table, now=101)


def test_what_ended_in_the_time_of_an_old_log_is_not_held_against_its_table() -> None:
    table = pl.DataFrame({"item_id": list("abcd"), "available_to": 50})
    assert len(still_listed(known_until(50), table, now=10_000)) == 4


def test_the_training_knew_until_when_an_item_may_be_shown(tmp_path: Path) -> None:
    table = pl.DataFrame({"item_id": ["a", "b"], "available_to": [7, None]})
    write_catalogue(described_rows(BEHAVIOUR, table, ()), str(tmp_path))
    known = known_items([str(tmp_path / "Split-catalogue")], (), ())
    assert known[ENDS].to_list() == [7, None]
