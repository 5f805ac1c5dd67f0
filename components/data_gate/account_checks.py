"""Checks of the account: whether it adds up, what was rejected, and how much is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from components.checks import Check
from components.data_gate.counted_log import CountedLog
from components.data_gate.rules import DataRules
from transform.job.account import Account


def check_order_and_sums(
    account: Account, dead_letters: Path, again: CountedLog, rules: DataRules
) -> Iterator[Check]:
    """Whether every row read is an event, a duplicate or a dead letter, and rows are in order.

    Three counts of what was read, what was written, and what is there; readers hold the first and
    the last against the footers of Parquet files.

    Args:
        account: Rows read, as they were read, and events, as they were sorted and written.
        dead_letters: Folder of the dataset of the rejected rows.
        again: The log, read again to its end.
        rules: The bounds.
    """
    rejected = sum(account.dead_letters.values())
    sums = {
        "read = events + duplicates + dead letters:": account.rows_in
        - (account.events + account.duplicates + rejected),
        "dead letters in their dataset:": rejected - rows_in(dead_letters),
        "read again:": account.rows_in - again.rows,
    }
    for name, missing in sums.items():
        yield rules.unaccounted.check(missing, subject=name)
    yield rules.out_of_order.check(again.out_of_order_share)


def rows_in(folder: Path) -> int:
    """Rows of all Parquet files of a folder, from their footers."""
    return sum(pq.read_metadata(file).num_rows for file in sorted(folder.glob("*.parquet")))


def check_account(account: Account, rules: DataRules) -> Iterator[Check]:
    """Holds the shares of rejected rows, the tables' coverage and the rows of each split."""
    yield rules.duplicates.check(account.duplicate_share)
    yield rules.dead_letters.check(account.dead_letter_share)
    yield rules.future.check(account.future_share)
    if account.items_described is not None:
        yield rules.described.check(account.items_described, subject="items")
    if account.users_described is not None:
        yield rules.described.check(account.users_described, subject="users")
    for split, rows in account.rows_out.items():
        yield rules.rows.check(rows, subject=split)
