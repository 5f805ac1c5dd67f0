"""User states in one SQLite file: for a single machine, with nothing to install or run."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from serving.user_state.encoding import decode, encode
from serving.user_state.record import (
    NOTHING_PUBLISHED,
    UNKNOWN,
    Publication,
    UserRecord,
    UserStateError,
)
from serving.user_state.store import Change

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users(
    user_id TEXT PRIMARY KEY, version INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS publication(
    one INTEGER PRIMARY KEY CHECK (one = 1), content BLOB NOT NULL);
"""
_WAIT_SECONDS = 10.0  # for another writer


class SqliteUserStates:
    """A `UserStateStore` in a file that any number of processes of one machine may share.

    A write is there for all readers when the call returns, and outlives the process. (After a loss
    of power the last writes may be gone; the file is never damaged by it.)

    Args:
        path: The file; it is made where there is none.

    Raises:
        UserStateError: The file is something else, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._publication = (b"", NOTHING_PUBLISHED)
        with self._explained():
            self._connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)

    def read(self, user_ids: Sequence[str]) -> tuple[list[UserRecord], Publication]:
        """See `UserStateStore`."""
        with self._transaction("BEGIN"):
            return [self._record(user_id) for user_id in user_ids], self._published()

    def update(self, user_ids: Sequence[str], change: Change) -> list[int]:
        """See `UserStateStore`. All the users change together, or none does."""
        versions = []
        with self._transaction("BEGIN IMMEDIATE"):
            publication = self._published()
            for user_id in user_ids:
                record = self._record(user_id)
                changed = change(user_id, record, publication)
                if changed is not record:
                    self._connection.execute(
                        "REPLACE INTO users VALUES (?, ?, ?)",
                        (user_id, record.version + 1, encode(changed.state, changed.features)),
                    )
                versions.append(record.version + (changed is not record))
        return versions

    def publish(self, publication: Publication) -> None:
        """See `UserStateStore`."""
        with self._transaction("BEGIN IMMEDIATE"):
            self._connection.execute(
                "REPLACE INTO publication VALUES (1, ?)", (publication.to_json(),)
            )

    def close(self) -> None:
        """See `UserStateStore`."""
        self._connection.close()

    def _record(self, user_id: str) -> UserRecord:
        found = self._connection.execute(
            "SELECT version, record FROM users WHERE user_id = ?", (user_id,)
        ).fetchone()
        return UNKNOWN if found is None else UserRecord(found[0], *decode(found[1]))

    def _published(self) -> Publication:
        found = self._connection.execute("SELECT content FROM publication").fetchone()
        if found is None:
            return NOTHING_PUBLISHED
        if found[0] != self._publication[0]:
            self._publication = (found[0], Publication.from_json(found[0]))
        return self._publication[1]

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._lock, self._explained():
            self._connection.execute(begin)
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserStateError(
                f"a store of user states must be an SQLite file that can be written, received "
                f"{self._path} ({error}). Give another path, or free the file"
            ) from error
