"""One SQLite file that any number of processes of one machine may share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_WAIT_SECONDS = 10.0  # for another writer

# What survives a loss of power: FULL all that was written, NORMAL all but the last of it. What is
# written outlives the process in any case.
Synchronous = Literal["FULL", "NORMAL"]


class SqliteFile:
    """A connection for all threads of a process.

    Args:
        path: The file; it is made where there is none.
        schema: Statements that make what is not there yet.
        synchronous: What survives a loss of power, unless a transaction says otherwise.
        what: What the file is, for the error's message.
        error: What is raised where SQLite fails.

    Attributes:
        connection: To be used inside `transaction`.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        synchronous: Synchronous,
        what: str,
        error: type[Exception],
    ) -> None:
        self._path, self._what, self._error = path, what, error
        self._synchronous = synchronous
        self._lock = threading.Lock()
        with self._explained():
            self.connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self.connection.execute("PRAGMA journal_mode = WAL")
            self._survives(synchronous)
            self.connection.execute("PRAGMA secure_delete = ON")
            self.connection.executescript(schema)

    @contextmanager
    def transaction(
        self, begin: str = "BEGIN IMMEDIATE", synchronous: Synchronous | None = None
    ) -> Iterator[sqlite3.Connection]:
        """All of what is done in it, or nothing.

        Args:
            begin: How it begins.
            synchronous: What survives a loss of power; None for what holds for the file.
        """
        with self._lock, self._explained():
            if synchronous is not None:
                self._survives(synchronous)
            self.connection.execute(begin)
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                if synchronous is not None:
                    self._survives(self._synchronous)

    def forget(self) -> None:
        """Takes what was deleted out of the log that lies beside the file, too."""
        with self._lock, self._explained():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def _survives(self, synchronous: Synchronous) -> None:
        self.connection.execute(f"PRAGMA synchronous = {synchronous}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(
                f"{self._what} must be an SQLite file that can be written, received {self._path} "
                f"({error}). Give another path, or free the file"
            ) from error
