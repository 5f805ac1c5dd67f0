"""The account of a log: where every row went."""

from __future__ import annotations

from typing import Any

import polars as pl

from transform.features import CATALOGUE, ITEM_ID
from transform.job.facts import JobFacts
from transform.reading.event_source import FUTURE, EventReader
from transform.settings import Frozen


class Account(Frozen):
    """Where every row of the log went; rows in = events + duplicates + dead letters.

    Attributes:
        rows_in: Rows of the event files.
        events: Rows that became events.
        impressions: Those of them that are no behaviour.
        duplicates: Rows that repeat an earlier one.
        dead_letters: Rejected rows, by reason.
        users: Users with events.
        items: Items with events.
        items_described: Share of the items with events that the items table describes; None
            without an items table.
        users_described: The same for users.
        rows_out: Rows of the examples, by split.
        periods: Behaviours, first and last time of each period.
        eval_targets_sha256: Digest of the test targets.
        fingerprint: Digest of the content of the input files.
        bytes_read: Bytes that were read of the event files.
        bytes_total: Bytes of all event files there are, also outside the window.
        partitions: Partitions of the log that were read.
        read_at: The present that future-dated events were held against (unix seconds).
    """

    rows_in: int
    events: int
    impressions: int
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
    bytes_read: int
    bytes_total: int
    partitions: tuple[str, ...]
    read_at: float

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


def account_for(
    facts: JobFacts,
    reader: EventReader,
    items: pl.Series,
    described: pl.DataFrame | None,
    users_table: bool,
    catalogue_rows: int,
    fingerprint: str,
) -> Account:
    """Draws up the account of a finished job.

    Args:
        facts: What the job found.
        reader: The log.
        items: Items with events.
        described: The items table; None without one.
        users_table: Whether there is a users table.
        catalogue_rows: Rows of the catalogue.
        fingerprint: Digest of the content of the input files.
    """
    return Account(
        rows_in=facts.rows_in,
        events=facts.events,
        impressions=facts.impressions,
        duplicates=facts.duplicates,
        dead_letters=facts.dead_letters,
        users=facts.users,
        items=len(items),
        items_described=None if described is None else _share(items, described[ITEM_ID]),
        users_described=facts.described_users / facts.users if users_table else None,
        rows_out=dict(sorted({**facts.rows_out, CATALOGUE: catalogue_rows}.items())),
        periods=facts.periods,
        eval_targets_sha256=facts.eval_targets_sha256,
        fingerprint=fingerprint,
        bytes_read=facts.bytes_read,
        bytes_total=reader.bytes_total,
        read_at=reader.now,
        partitions=reader.partitions,
    )


def _share(items: pl.Series, known: pl.Series) -> float:
    return int(items.is_in(known.implode()).sum()) / len(items)
