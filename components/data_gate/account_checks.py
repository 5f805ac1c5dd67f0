"""Checks of the account: what was rejected, and how much is left."""

from __future__ import annotations

from collections.abc import Iterator

from components.checks import Check
from components.data_gate.rules import DataRules
from transform.account import Account


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
