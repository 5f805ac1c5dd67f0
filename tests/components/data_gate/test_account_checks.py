"""Checks of the account, each with a log that it stops."""

import pytest

from components.data_gate.account_checks import check_account
from tests.components.data_gate.bounds import RULES, failed
from transform.account import Account
from transform.event_source import FUTURE

GOOD = Account(
    rows_in=1000,
    events=995,
    duplicates=5,
    dead_letters={},
    users=10,
    items=10,
    items_described=1.0,
    users_described=None,
    rows_out={"train": 20, "eval": 10},
    periods={},
    eval_targets_sha256="",
    fingerprint="",
)


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
