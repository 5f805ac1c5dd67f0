"""The file of experiments, followed while it changes: a stop reaches clients that run."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from serving.experiments.plan import Plan, PlanError, from_json

logger = logging.getLogger(__name__)


class PlanFile:
    """A file that is read again when it has changed. Safe to share between threads.

    Where it cannot be read later on, what it said last holds, and the log says why.

    Args:
        path: The file.
        every_s: How often it is looked at, at most, seconds.

    Raises:
        PlanError: It is no file of experiments.
        OSError: It is not there.
    """

    def __init__(self, path: Path, every_s: float = 5.0) -> None:
        self._path = path
        self._every_s = every_s
        self._lock = threading.Lock()
        self._state = self._look()
        self._plan = from_json(path.read_text(encoding="utf-8"), str(path))
        self._looked = time.monotonic()

    def current(self) -> Plan:
        """The experiments of now."""
        if time.monotonic() - self._looked >= self._every_s and self._lock.acquire(blocking=False):
            try:
                self._looked = time.monotonic()
                self._follow()
            finally:
                self._lock.release()
        return self._plan

    def _follow(self) -> None:
        try:
            state = self._look()
            if state != self._state:
                self._plan = from_json(self._path.read_text(encoding="utf-8"), str(self._path))
                self._state = state
        except (OSError, UnicodeDecodeError, PlanError) as error:
            logger.error("the experiments go on as they were: %s", error)

    def _look(self) -> tuple[int, int, int]:
        # A file that is replaced as a whole has another inode, even within a tick of the clock.
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
