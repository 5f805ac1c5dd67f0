"""The account of a log."""

import hashlib

import polars as pl
import pytest

from tests.transform.jobs import log_of, make_job, run_job
from tests.transform.logs import LEAVE_ONE_OUT, frame
from transform.job.account import account_for
from transform.reading.event_source import FUTURE
from transform.settings import ExampleSettings, Table

ROWS = [
    ("u", "a", 10),
    ("u", "b", 20),
    ("u", "seen", 25, "impression"),
    ("u", "c", 30),
    ("u", "c", 30),  # a duplicate
    ("u", "d", 40),
    ("v", "a", 15),
    (None, "a", 40),  # a dead letter
]
ITEMS = pl.DataFrame({"item_id": ["a", "c", "x"]})
USERS = pl.DataFrame({"user_id": ["v"]})


@pytest.fixture
def account(tmp_path):
    data = log_of(tmp_path / "log", frame(ROWS))
    for name, table in {"items": ITEMS, "users": USERS}.items():
        table.write_parquet(tmp_path / f"{name}.parquet")
    paths = {name: Table(path=str(tmp_path / f"{name}.parquet")) for name in ("items", "users")}
    data = data.model_copy(update=paths)
    job = make_job(tmp_path, data, split=LEAVE_ONE_OUT, examples=ExampleSettings())
    return account_for(run_job(job), job.reader, job.shop.items, ITEMS, True, 6, "f" * 64)


def test_every_row_in_is_accounted_for(account):
    assert (account.rows_in, account.events, account.duplicates) == (8, 6, 1)
    assert account.dead_letters == {"user_id is missing": 1}
    assert account.rows_in == account.events + account.duplicates + 1
    assert account.impressions == 1
    assert account.rows_out["catalogue"] == 6
    assert account.periods["training"] == {"events": 3, "first_time": 10, "last_time": 20}
    assert account.duplicate_share == account.dead_letter_share == 1 / 8
    assert account.future_share == 0.0


def test_it_says_how_much_the_tables_describe(account):
    assert (account.users, account.items) == (2, 5)
    assert account.items_described == 2 / 5
    assert account.users_described == 1 / 2


def test_the_digest_is_that_of_the_rows_asked_for(account):
    assert account.eval_targets_sha256 == hashlib.sha256(b"u\td").hexdigest()


def test_it_says_how_much_was_read(account):
    assert 0 < account.bytes_read <= account.bytes_total


def test_future_events_have_a_share_of_their_own(account):
    future = account.model_copy(update={"dead_letters": {"user_id is missing": 1, FUTURE: 2}})
    assert future.future_share == 2 / 8
    assert future.dead_letter_share == 3 / 8


def test_it_survives_its_file(account):
    assert type(account).model_validate_json(account.model_dump_json()) == account
