"""User states in one SQLite file: for a single machine, with nothing to install or run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from serving.sqlite_file import SqliteFile
from serving.user_state.encoding import encode, encode_live
from serving.user_state.live import COUNTS_KEPT_SECONDS, DAY_SECONDS, ItemCounts, LiveEvent
from serving.user_state.opening import Opened, open_record
from serving.user_state.record import (
    UNKNOWN,
    Publication,
    UserRecord,
    UserStateError,
    published,
)
from serving.user_state.store import Change

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users(
    user_id TEXT PRIMARY KEY, version INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS publication(
    one INTEGER PRIMARY KEY CHECK (one = 1), content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS live(user_id TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS items(
    day INTEGER, event_type TEXT, item_id TEXT, number INTEGER NOT NULL,
    PRIMARY KEY (day, event_type, item_id)) WITHOUT ROWID;
"""
_APPEND_RECORD = """
INSERT INTO users VALUES (?, 1, ?)
ON CONFLICT DO UPDATE SET version = version + 1, record = excluded.record
"""
_COUNT_LIVE = """
INSERT INTO live VALUES (?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number RETURNING number
"""
_COUNT_ITEMS = """
INSERT INTO items VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""


class SqliteUserStates:
    """A `UserStateStore` in a file that any number of processes of one machine may share.

    A write is there for all readers when the call returns, and outlives the process. What `append`
    took survives a loss of power, too: the stream gives it only once. (Of other writes the last may
    then be gone; the file is never damaged by it.)

    Args:
        path: The file; it is made where there is none.

    Raises:
        UserStateError: The file is something else, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        what = "a store of user states"
        self._file = SqliteFile(path, _SCHEMA, "NORMAL", what, UserStateError)
        self._connection, self._transaction = self._file.connection, self._file.transaction

    def read(self, user_ids: Sequence[str]) -> tuple[list[UserRecord], Publication]:
        """See `UserStateStore`."""
        with self._transaction("BEGIN"):
            publication = self._published()
            return [self._opened(user_id, publication).record for user_id in user_ids], publication

    def update(self, user_ids: Sequence[str], change: Change) -> list[int]:
        """See `UserStateStore`. All the users change together, or none does."""
        versions = []
        with self._transaction():
            publication = self._published()
            for user_id in user_ids:
                record, counts = self._opened(user_id, publication)
                changed = change(user_id, record, publication)
                if changed is not record:
                    self._write(user_id, changed._replace(version=record.version + 1), counts)
                versions.append(record.version + (changed is not record))
        return versions

    def append(self, live: Mapping[str, Sequence[LiveEvent]]) -> dict[str, int]:
        """See `UserStateStore`. All the users get theirs together."""
        counts = {}
        with self._transaction(synchronous="FULL"):
            for user_id, events in live.items():
                found = self._found(user_id)
                record = (found[1] if found else b"") + encode_live(events)
                self._connection.execute(_APPEND_RECORD, (user_id, record))
                row = self._connection.execute(_COUNT_LIVE, (user_id, len(events))).fetchone()
                counts[user_id] = int(row[0])
        return counts

    def users_with_live(self, count: int) -> list[str]:
        """See `UserStateStore`."""
        with self._transaction("BEGIN"):
            rows = self._connection.execute("SELECT user_id FROM live LIMIT ?", (count,))
            return [user_id for (user_id,) in rows]

    def item_counts(self, day: int) -> dict[tuple[str, str], int]:
        """See `UserStateStore`."""
        with self._transaction("BEGIN"):
            rows = self._connection.execute(
                "SELECT event_type, item_id, number FROM items WHERE day = ?", (day,)
            )
            return {(event_type, item_id): number for event_type, item_id, number in rows}

    def erase(self, user_id: str) -> None:
        """See `UserStateStore`."""
        with self._transaction():
            self._connection.execute("DELETE FROM users WHERE user_id = ?", (user_id,))
            self._connection.execute("DELETE FROM live WHERE user_id = ?", (user_id,))
        self._file.forget()

    def publish(self, publication: Publication) -> None:
        """See `UserStateStore`."""
        with self._transaction():
            self._connection.execute(
                "REPLACE INTO publication VALUES (1, ?)", (publication.to_json(),)
            )

    def close(self) -> None:
        """See `UserStateStore`."""
        self._file.close()

    def _found(self, user_id: str) -> tuple[int, bytes] | None:
        found: tuple[int, bytes] | None = self._connection.execute(
            "SELECT version, record FROM users WHERE user_id = ?", (user_id,)
        ).fetchone()
        return found

    def _opened(self, user_id: str, publication: Publication) -> Opened:
        found = self._found(user_id)
        if found is None:
            return Opened(UNKNOWN, Counter())
        return open_record(*found, publication.settings)

    def _write(self, user_id: str, record: UserRecord, counts: ItemCounts) -> None:
        encoded = encode(record.state, record.features, record.ledger)
        self._connection.execute(
            "REPLACE INTO users VALUES (?, ?, ?)", (user_id, record.version, encoded)
        )
        self._connection.execute("DELETE FROM live WHERE user_id = ?", (user_id,))
        self._connection.executemany(
            _COUNT_ITEMS, [(*what, number) for what, number in counts.items()]
        )
        if counts:
            oldest = max(day for day, _, _ in counts) - COUNTS_KEPT_SECONDS // DAY_SECONDS
            self._connection.execute("DELETE FROM items WHERE day < ?", (oldest,))

    def _published(self) -> Publication:
        found = self._connection.execute("SELECT content FROM publication").fetchone()
        return published(None if found is None else found[0])
