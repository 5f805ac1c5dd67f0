"""Checks of the account, each with a log that it stops."""

import polars as pl
import pytest

from components.data_gate.account_checks import check_account, check_order_and_sums
from components.data_gate.counted_log import CountedLog, out_of_order
from tests.components.data_gate.bounds import RULES, failed
from transform.job.account import Account
from transform.reading.event_source import FUTURE, EventReader
from transform.settings import DataSettings, Table

GOOD = Account(
    rows_in=1000,
    events=990,
    impressions=0,
    duplicates=5,
    dead_letters={"user_id is missing": 4, "item_id is missing": 1},
    users=10,
    items=10,
    items_described=1.0,
    users_described=None,
    rows_out={"train": 20, "eval": 10},
    periods={},
    eval_targets_sha256="",
    fingerprint="",
    bytes_read=1,
    bytes_total=1,
    partitions=(),
    read_at=0.0,
)


AGAIN = CountedLog(None, 3600, rows=1000, out_of_order=10)


def test_a_good_log_passes():
    checks = list(check_account(GOOD, RULES))
    assert failed(checks) == []
    assert "items described_share" in [check.name for check in checks]
    assert "users described_share" not in [check.name for check in checks]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"duplicates": 101}, "duplicate_share"),
        ({"dead_letters": {"user_id is missing": 101}}, "dead_letter_share"),
        ({"dead_letters": {FUTURE: 2}}, "future_share"),
        ({"items_described": 0.4}, "items described_share"),
        ({"users_described": 0.0}, "users described_share"),
        ({"rows_out": {"train": 20, "eval": 1}}, "eval rows"),
    ],
)
def test_what_breaks_a_bound_is_stopped(change, name):
    assert failed(check_account(GOOD.model_copy(update=change), RULES)) == [name]


@pytest.fixture
def dead_letters(tmp_path):
    """The dataset of the rejected rows, in two files."""
    for number, rows in enumerate((2, 3)):
        pl.DataFrame({"row": range(rows)}).write_parquet(tmp_path / f"part-{number}.parquet")
    return tmp_path


def test_every_row_is_accounted_for(dead_letters):
    checks = list(check_order_and_sums(GOOD, dead_letters, AGAIN, RULES))
    assert [(check.value, check.passed) for check in checks] == [(0, True)] * 3 + [(0.01, True)]


@pytest.mark.parametrize("lost", [1, -1])
def test_one_event_too_few_or_too_many_is_stopped(dead_letters, lost):
    account = GOOD.model_copy(update={"events": 990 - lost})
    (check,) = (
        c for c in check_order_and_sums(account, dead_letters, AGAIN, RULES) if not c.passed
    )
    assert check.name == "read = events + duplicates + dead letters: unaccounted_rows"
    assert check.value == lost


def test_a_dead_letter_that_was_not_written_is_stopped(dead_letters):
    (dead_letters / "part-1.parquet").unlink()
    names = failed(check_order_and_sums(GOOD, dead_letters, AGAIN, RULES))
    assert names == ["dead letters in their dataset: unaccounted_rows"]


def test_a_row_that_was_not_read_is_stopped(dead_letters):
    names = failed(
        check_order_and_sums(GOOD, dead_letters, CountedLog(None, 3600, rows=1001), RULES)
    )
    assert names == ["read again: unaccounted_rows"]


def test_without_dead_letters_there_need_be_no_dataset(tmp_path):
    account = GOOD.model_copy(update={"dead_letters": {}, "events": 995})
    assert failed(check_order_and_sums(account, tmp_path / "none", AGAIN, RULES)) == []


def test_rows_that_run_back_in_time_are_stopped(dead_letters):
    again = CountedLog(None, 3600, rows=1000, out_of_order=11)
    assert failed(check_order_and_sums(GOOD, dead_letters, again, RULES)) == ["out_of_order_share"]


def test_rows_out_of_order_lie_far_before_the_one_above_in_the_same_file():
    first, second = 0, 1 << 40
    rows = [
        (first, 10_000),
        (first + 1, 6_400),  # an hour before: in order
        (first + 2, 2_799),  # more than an hour before
        (first + 3, 9_000),
        (second, 0),  # another file begins
        (second + 1, 5_000),
        (second + 2, 1_000),  # more than an hour before
    ]
    events = pl.DataFrame(rows, schema=["order", "event_time"], orient="row")
    assert out_of_order(events, 3600) == 2


def test_the_log_is_counted_with_its_dead_letters_and_duplicates(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("user_id,item_id,event_time\nu1,i1,90000\nu1,i1,90000\n,i1,5\nu2,i2,10\n")
    settings = DataSettings(events=Table(path=str(path)))
    log = CountedLog(EventReader.open(settings, ()), 3600)
    events = pl.concat(log.parts())
    assert (log.rows, len(events), log.out_of_order_share) == (4, 3, 0.25)
