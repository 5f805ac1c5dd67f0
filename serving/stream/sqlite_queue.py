"""A queue in one SQLite file: for a single machine, with nothing to install or run."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from serving.sqlite_file import SqliteFile
from serving.stream.queue import DeadLetter, Entry, QueueError, partition_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries(
    position INTEGER PRIMARY KEY AUTOINCREMENT, partition INTEGER NOT NULL,
    arrival INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_partition ON entries(partition, position);
CREATE TABLE IF NOT EXISTS delivered(partition INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS consumed(partition INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dead(
    position INTEGER PRIMARY KEY, partition INTEGER NOT NULL, arrival INTEGER NOT NULL,
    payload BLOB NOT NULL, reason TEXT NOT NULL);
"""
_APPEND = """
INSERT INTO entries(partition, arrival, payload)
VALUES (?, max(?, coalesce((SELECT arrival FROM entries ORDER BY position DESC LIMIT 1), 0)), ?)
"""
_CONSUMED = """
INSERT INTO consumed VALUES (?, ?)
ON CONFLICT DO UPDATE SET position = max(position, excluded.position)
"""
_CONSUMED_UNTIL = "SELECT position FROM consumed WHERE partition = ?"
_SCAN = """
SELECT partition, position, arrival, payload FROM entries
WHERE partition = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?
"""
_TAIL = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries'"
_LAST = (1 << 63) - 1  # position that SQLite gives
_HELD = """
SELECT count(*) FROM delivered LEFT JOIN consumed USING (partition)
WHERE partition = ? AND coalesce(consumed.position, 0) < min(delivered.position, ?)
"""
_BACKLOG = """
SELECT count(*) FROM entries LEFT JOIN consumed USING (partition)
WHERE entries.position > coalesce(consumed.position, 0)
"""
_OLDEST = """
SELECT arrival FROM entries WHERE partition = ?1 AND position >
coalesce((SELECT position FROM consumed WHERE partition = ?1), 0) ORDER BY position LIMIT 1
"""
_POLL_SECONDS = 0.02


class SqliteQueue:
    """An `EventQueue` in a file that any number of processes of one machine may share.

    A partition has one consumer at a time. (Two of them do the same work twice, which is harmless.)

    Args:
        path: The file; it is made where there is none.
        clock: Tells when a message arrives (unix seconds); a simulation has a time of its own.

    Raises:
        QueueError: The file is something else, or cannot be opened.
    """

    partitions = 1

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._read_until: dict[int, int] = {}
        # In full: the log remembers positions, and none may be given out twice, whatever fails.
        self._file = SqliteFile(path, _SCHEMA, "FULL", "a queue of events", QueueError)
        self._transaction = self._file.transaction

    def append(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """See `EventSink`. All of them are added, or none."""
        now = int(self._clock())
        rows = [(partition_of(user, self.partitions), now, payload) for user, payload in messages]
        with self._transaction() as connection:
            connection.executemany(_APPEND, rows)

    def read(self, partitions: Sequence[int], count: int, wait_s: float) -> list[Entry]:
        """See `EventQueue`. What was read and never acknowledged is read by the next consumer."""
        deadline = time.monotonic() + wait_s
        while True:
            found = [one for partition in partitions for one in self._next(partition, count)]
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(_POLL_SECONDS)

    def acknowledge(self, entries: Sequence[Entry], dead: Sequence[DeadLetter]) -> None:
        """See `EventQueue`."""
        last = {entry.partition: int(entry.position) for entry in entries}
        rows = [
            (int(entry.position), entry.partition, entry.arrival, entry.payload, reason)
            for entry, reason in dead
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO dead VALUES (?, ?, ?, ?, ?)", rows)
            connection.executemany(_CONSUMED, last.items())

    def _next(self, partition: int, count: int) -> list[Entry]:
        """What comes after what was read. With the reading it is noted that it is in hand."""
        seen = self._read_until.get(partition)
        if seen is not None and not self.scan(partition, str(seen), 1):
            return []  # most often; nobody has to wait for it
        # After a loss of power nobody has anything in hand.
        with self._transaction(synchronous="NORMAL") as connection:
            if seen is None:
                row = connection.execute(_CONSUMED_UNTIL, (partition,)).fetchone()
                seen = 0 if row is None else int(row[0])
            entries = _scanned(connection, partition, (seen, _LAST), count)
            last = int(entries[-1].position) if entries else seen
            connection.execute("REPLACE INTO delivered VALUES (?, ?)", (partition, last))
        self._read_until[partition] = last
        return entries

    def scan(
        self, partition: int, after: str | None, count: int, until: str | None = None
    ) -> list[Entry]:
        """See `EventQueue`."""
        limits = (int(after or 0), _LAST if until is None else int(until))
        with self._transaction("BEGIN") as connection:
            return _scanned(connection, partition, limits, count)

    def tail(self, partition: int) -> str:
        """See `EventQueue`. It is that of all partitions."""
        with self._transaction("BEGIN") as connection:
            return str(connection.execute(_TAIL).fetchone()[0])

    def trim(self, until: Mapping[int, str]) -> None:
        """See `EventQueue`."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM entries WHERE partition = ?1 AND position <= ?2 AND position <= "
                "(SELECT position FROM consumed WHERE partition = ?1)",
                [(partition, int(position)) for partition, position in until.items()],
            )

    def remove(self, entries: Sequence[Entry]) -> None:
        """See `EventQueue`."""
        rows = [(int(entry.position),) for entry in entries]
        with self._transaction() as connection:
            connection.executemany("DELETE FROM entries WHERE position = ?", rows)
            connection.executemany("DELETE FROM dead WHERE position = ?", rows)
        self._file.forget()

    def backlog(self, partitions: Sequence[int] | None = None) -> int:
        """See `EventQueue`. There is one partition."""
        with self._transaction("BEGIN") as connection:
            return int(connection.execute(_BACKLOG).fetchone()[0])

    def is_held(self, partition: int, until: str) -> bool:
        """See `EventQueue`."""
        with self._transaction("BEGIN") as connection:
            return bool(connection.execute(_HELD, (partition, int(until))).fetchone()[0])

    def waiting_since(self, partition: int) -> int | None:
        """See `EventQueue`."""
        with self._transaction("BEGIN") as connection:
            row = connection.execute(_OLDEST, (partition,)).fetchone()
        return None if row is None else int(row[0])

    def dead_letters(self) -> list[DeadLetter]:
        """See `EventQueue`."""
        with self._transaction("BEGIN") as connection:
            rows = connection.execute(
                "SELECT partition, position, arrival, payload, reason FROM dead ORDER BY position"
            ).fetchall()
        return [
            DeadLetter(Entry(part, str(place), arrival, payload), reason)
            for part, place, arrival, payload, reason in rows
        ]

    def close(self) -> None:
        """See `EventQueue`."""
        self._file.close()


def _scanned(
    connection: sqlite3.Connection, partition: int, limits: tuple[int, int], count: int
) -> list[Entry]:
    """Entries after the first limit and up to the second."""
    rows = connection.execute(_SCAN, (partition, *limits, count))
    return [Entry(part, str(place), arrival, payload) for part, place, arrival, payload in rows]
