"""From the bytes of a record to the record, with the live events that were appended to it."""

from __future__ import annotations

from typing import NamedTuple

from serving.user_state.encoding import decode
from serving.user_state.live import ItemCounts, fold_live
from serving.user_state.record import UserRecord
from transform.state import FoldSettings


class Opened(NamedTuple):
    """A record to read, or to change and write back.

    Attributes:
        record: Its state holds all the live events.
        counts: Those that it did not hold before, by item; to be counted when it is written.
    """

    record: UserRecord
    counts: ItemCounts


def open_record(version: int, encoded: bytes, settings: FoldSettings) -> Opened:
    """Decodes a record and folds what was appended to it.

    Args:
        version: Of the record.
        encoded: Its bytes.
        settings: How states are folded.

    Raises:
        UserStateError: The bytes are something else.
    """
    stored = decode(encoded)
    if not stored.live:
        return Opened(
            UserRecord(version, stored.state, stored.features, stored.ledger), ItemCounts()
        )
    folded = fold_live(stored.state, stored.ledger, stored.live, settings)
    record = UserRecord(version, folded.state, stored.features, folded.ledger)
    return Opened(record, folded.counts)
