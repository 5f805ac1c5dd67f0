"""The sample of the log: whole users, as many events as fit."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from components.data_gate.sub_log import events_of, first_users
from tests.components.data_gate.rows import write_rows


def part(*users):
    return pl.DataFrame(
        {"user_id": users, "n": range(len(users))}, schema_overrides={"user_id": str}
    )


def test_all_events_of_the_users_in_input_order():
    parts = [part("a", "b", "c", "a"), part("b", "a")]
    events, kept = events_of(parts, ["b", "a"], most=10)
    assert events["user_id"].to_list() == ["a", "b", "a", "b", "a"]
    assert kept == ["b", "a"]


def test_users_who_are_too_many_events_are_let_go_from_the_end():
    events, kept = events_of([part(*"hgfe"), part(*"dcba")], list("abcdefgh"), most=6)
    assert kept == list("abcdef")
    assert events["user_id"].to_list() == list("fedcba")


def test_a_heavy_user_is_passed_over():
    events, kept = events_of([part(*"a" * 50, *"bc")], ["a", "b", "c"], most=20)
    assert kept == ["b", "c"]
    assert len(events) == 2


def test_a_log_without_events_gives_none():
    events, kept = events_of([], ["a"], most=5)
    assert (len(events), kept) == (0, ["a"])


@given(st.lists(st.text("abcdefgh", max_size=30), max_size=6), st.integers(1, 40))
def test_kept_users_are_whole_and_fit(texts, most):
    parts = [part(*text) for text in texts]
    events, kept = events_of(parts, list("abcdefgh"), most)
    whole = "".join(texts)
    assert len(events) <= most
    counts = dict(events["user_id"].value_counts().iter_rows()) if len(events) else {}
    assert {user: whole.count(user) for user in kept if user in whole} == counts


def test_the_first_users_of_a_split_are_those_whose_rows_are_complete(tmp_path, monkeypatch):
    monkeypatch.setattr("components.example_columns._BATCH", 2)
    uris = write_rows(tmp_path, "train", {"user_id": list("aabbbcd")})
    assert first_users(uris, 2) == ["a", "b"]
    assert first_users(uris, 9) == ["a", "b", "c", "d"]
