"""The account of a log: where every row went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from transform.dataset import Dataset
from transform.event_source import FUTURE, REASON
from transform.features import ITEM_ID
from transform.settings import Frozen
from transform.splits import period_ranges


class Account(Frozen):
    """Where every row of the log went; rows in = events + duplicates + dead letters.

    Attributes:
        rows_in: Rows of the event files.
        events: Rows that became events.
        duplicates: Rows that repeat an earlier one.
        dead_letters: Rejected rows, by reason.
        users: Users with events.
        items: Items with events.
        items_described: Share of the items with events that the items table describes; None
            without an items table.
        users_described: The same for users.
        rows_out: Rows of the examples, by split.
        periods: Events, first and last time of each period.
        eval_targets_sha256: Digest of the test targets.
        fingerprint: Digest of the content of the input files.
    """

    rows_in: int
    events: int
    duplicates: int
    dead_letters: dict[str, int]
    users: int
    items: int
    items_described: float | None
    users_described: float | None
    rows_out: dict[str, int]
    periods: dict[str, dict[str, Any]]
    eval_targets_sha256: str
    fingerprint: str

    @property
    def duplicate_share(self) -> float:
        """Duplicates a row read."""
        return self.duplicates / self.rows_in

    @property
    def dead_letter_share(self) -> float:
        """Dead letters a row read."""
        return sum(self.dead_letters.values()) / self.rows_in

    @property
    def future_share(self) -> float:
        """Future-dated events a row read."""
        return self.dead_letters.get(FUTURE, 0) / self.rows_in


def account_for(dataset: Dataset, rows_out: Mapping[str, int], fingerprint: str) -> Account:
    """Draws up the account of a dataset."""
    data, log = dataset.data, dataset.log
    reasons = data.events.dead_letters[REASON].value_counts().sort(REASON)
    described = None if data.items is None else log.items.is_in(data.items[ITEM_ID].implode())
    user_ids = log.histories.users["user_id"]
    known = None if data.users is None else user_ids.is_in(data.users["user_id"].implode())
    return Account(
        rows_in=data.events.rows,
        events=len(data.events.frame),
        duplicates=data.events.duplicates,
        dead_letters=dict(reasons.iter_rows()),
        users=len(user_ids),
        items=len(log.items),
        items_described=None if described is None else float(described.mean()),  # type: ignore[arg-type]
        users_described=None if known is None else float(known.mean()),  # type: ignore[arg-type]
        rows_out=dict(sorted(rows_out.items())),
        periods={name: asdict(period) for name, period in period_ranges(log.histories).items()},
        eval_targets_sha256=dataset.eval_targets_digest(),
        fingerprint=fingerprint,
    )
