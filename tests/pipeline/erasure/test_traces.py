"""A person is found in every kind of file that the pipeline writes, and nobody else is."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.serving_validator.warm_up import write_warm_up
from pipeline.erasure import traces
from pipeline.erasure.person import Person
from pipeline.erasure.traces import names, scan
from serving.query import Query
from tests.records import declared, record

WHO = "customer-17"
OTHERS = ("customer-170", "other-customer-17", "customer-1")


def example(user: str) -> bytes:
    return record(user_id=user, history_item_id=["a", "b"], request_time=1_700_000_000)


def tf_records(path: Path, user: str) -> None:
    path.write_bytes(gzip.compress(b"\0" * 12 + example("nobody") + example(user)))


def parquet(path: Path, user: str) -> None:
    pl.DataFrame({"user_id": ["nobody", user], "n": [1, 2]}).write_parquet(path)


def nested(path: Path, user: str) -> None:
    tiles = [[{"category": "x"}], [{"category": "y"}, {"category": user}]]
    pl.DataFrame({"tiles": tiles}).write_parquet(path, compression="zstd")


def dead_letter(path: Path, user: str) -> None:
    pl.DataFrame({"payload": [json.dumps({"user_id": user})]}).write_parquet(path)


def sqlite(path: Path, user: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE kept (place INTEGER, payload BLOB)")
        connection.execute("INSERT INTO kept VALUES (1, ?)", (json.dumps([user]).encode(),))


def warm_up(path: Path, user: str) -> None:
    inputs = {"user_id": str, "history_item_id": str, "history_event_type": str}
    times = {"history_time": int, "request_time": int}
    recommend = declared(**inputs, **times, exclude_item_id=str, top_k=int)
    rank = declared(**inputs, **times, candidate_item_id=str)
    queries = [Query("nobody", 9), Query(user, 9, ("a",), ("view",), (1,))]
    write_warm_up(path, queries, {"recommend": recommend, "rank": rank})


def report(path: Path, user: str) -> None:
    path.write_text(json.dumps({"requests": [{"user_id": "a"}, {"user_id": user}]}, indent=2))


def text(path: Path, user: str) -> None:
    path.write_text(f"node failed for user {user!r}.\n")


KINDS = [tf_records, parquet, nested, dead_letter, sqlite, warm_up, report, text]


@pytest.mark.parametrize("write", KINDS)
def test_a_person_is_found_and_others_are_not(
    write: Callable[[Path, str], None], tmp_path: Path
) -> None:
    write(tmp_path / "with", WHO)
    assert names(tmp_path / "with", Person(WHO))
    for number, other in enumerate(OTHERS):
        write(tmp_path / f"without-{number}", other)
    found = scan([tmp_path], Person(WHO))
    assert found.traces == (tmp_path / "with",)
    assert found.files == 1 + len(OTHERS)
    assert found.size == sum(file.stat().st_size for file in tmp_path.iterdir())


@pytest.mark.parametrize("write", [tf_records, parquet, warm_up, report])
def test_a_short_id_is_found_where_users_stand(
    write: Callable[[Path, str], None], tmp_path: Path
) -> None:
    write(tmp_path / "with", "17")
    assert names(tmp_path / "with", Person("17"))
    assert not names(tmp_path / "with", Person("7"))
    assert not names(tmp_path / "with", Person("1"))


def test_a_short_id_of_something_else_is_nobody(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(record(user_id="5", history_item_id=["17"]))
    pl.DataFrame({"item_id": ["17"]}).write_parquet(tmp_path / "items")
    assert not scan([tmp_path], Person("17")).traces


def test_numbers_and_columns_of_other_names_are_read(tmp_path: Path) -> None:
    pl.DataFrame({"who": [16, 17]}).write_parquet(tmp_path / "log")
    assert not names(tmp_path / "log", Person("17"))
    assert names(tmp_path / "log", Person("17", frozenset({"who"})))


def test_a_table_without_rows_names_nobody(tmp_path: Path) -> None:
    """As EventExampleGen leaves one where it rejected nothing."""
    pq.ParquetWriter(tmp_path / "rejected", pa.schema({"user_id": pa.string()})).close()
    assert not names(tmp_path / "rejected", Person(WHO))


def test_what_cannot_be_read_may_name_anybody(tmp_path: Path) -> None:
    tf_records(tmp_path / "cut", "nobody")
    (tmp_path / "cut").write_bytes((tmp_path / "cut").read_bytes()[:-9])
    assert names(tmp_path / "cut", Person(WHO))


def test_an_id_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_CHUNK", 1000)
    monkeypatch.setattr(traces, "_OVERLAP", 100)
    (tmp_path / "large").write_bytes(b" " * 995 + WHO.encode() + b" " * 3000)
    assert names(tmp_path / "large", Person(WHO))
