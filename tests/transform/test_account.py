"""The account of a log."""

import polars as pl

from tests.transform.logs import write_dataset
from transform.account import account_for
from transform.event_source import FUTURE

ROWS = [
    ("u", "a", 10),
    ("u", "b", 20),
    ("u", "c", 30),
    ("u", "c", 30),  # a duplicate
    ("u", "d", 40),
    ("v", "a", 15),
    (None, "a", 40),  # a dead letter
]


def test_every_row_in_is_accounted_for(tmp_path):
    items = pl.DataFrame({"item_id": ["a", "c", "x"]})
    dataset = write_dataset(tmp_path, ROWS, items=items)
    account = account_for(dataset, {"train": 2, "eval": 1}, "f" * 64)
    assert (account.rows_in, account.events, account.duplicates) == (7, 5, 1)
    assert account.dead_letters == {"user_id is missing": 1}
    assert account.rows_in == account.events + account.duplicates + 1
    assert (account.users, account.items) == (2, 4)
    assert account.items_described == 2 / 4
    assert account.users_described is None
    assert account.rows_out == {"eval": 1, "train": 2}
    assert account.periods["training"]["events"] == 3
    assert account.duplicate_share == account.dead_letter_share == 1 / 7
    assert account.future_share == 0.0


def test_future_events_have_a_share_of_their_own(tmp_path):
    account = account_for(write_dataset(tmp_path, ROWS), {}, "f" * 64)
    future = account.model_copy(update={"dead_letters": {"user_id is missing": 1, FUTURE: 2}})
    assert future.future_share == 2 / 7
    assert future.dead_letter_share == 3 / 7


def test_the_account_survives_its_file(tmp_path):
    account = account_for(write_dataset(tmp_path, ROWS), {"eval": 1}, "f" * 64)
    assert type(account).model_validate_json(account.model_dump_json()) == account
