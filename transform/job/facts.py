"""What the stages of the job found, as it is handed to the node that runs it."""

from __future__ import annotations

from typing import Any

from transform.settings import Frozen


class PartitionFacts(Frozen):
    """One partition: its events, and the seconds that its rows took."""

    number: int
    events: int
    seconds: float


class JobFacts(Frozen):
    """What became of a log.

    Attributes:
        rows_in: Rows read.
        bytes_read: Bytes read.
        dead_letters: Rejected rows by reason.
        duplicates: Rows that repeat an earlier one.
        events: Rows that became events.
        impressions: Those of them that are no behaviour.
        users: Users with events.
        described_users: Those of them that the users table has.
        periods: Behaviours, first and last time of each period.
        rows_out: Rows of the examples by split.
        eval_targets_sha256: Digest of the test targets.
        partitions: The partitions in which the rows were built.
    """

    rows_in: int
    bytes_read: int
    dead_letters: dict[str, int]
    duplicates: int
    events: int
    impressions: int
    users: int
    described_users: int
    periods: dict[str, dict[str, Any]]
    rows_out: dict[str, int]
    eval_targets_sha256: str
    partitions: list[PartitionFacts]
