"""The compactor: from the stream into the log. What is served today is trained on tomorrow."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping

from serving.stream.log_files import DAY_SECONDS, EventLogFiles
from serving.stream.messages import Message
from serving.stream.parsing import MalformedError, parse
from serving.stream.queue import Entry, EventQueue, QueueError

_ENTRIES = 2000  # read at a time, of each partition
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclasses.dataclass
class Compacted:
    """What a compactor has done.

    Attributes:
        entries: Entries that it has dealt with: the log holds them, or they are dead letters.
        failures: Times that the stream did not answer.
    """

    entries: int = 0
    failures: int = 0


class Compactor:
    """Writes each entry of a stream into the log once, and then lets the stream forget it.

    Malformed entries are left out; the consumer keeps them as dead letters.

    Args:
        queue: The stream.
        files: The log.
        entries: A file is written once so many entries have gathered,
        seconds: or the first of them has waited so long, or its day is over.

    Attributes:
        compacted: What it has done.
    """

    def __init__(
        self, queue: EventQueue, files: EventLogFiles, entries: int = 100_000, seconds: float = 300
    ) -> None:
        self._queue, self._files = queue, files
        self._entries, self._seconds = entries, seconds
        self._gathered: list[Entry] = []
        self._scanned = dict(files.positions)
        self._stopped = threading.Event()
        self.compacted = Compacted()

    @property
    def waiting_since(self) -> int | None:
        """Arrival of the first entry that was read and not written yet; None without one."""
        return min((entry.arrival for entry in self._gathered), default=None)

    def stop(self) -> None:
        """Lets `run` end soon; for signal handlers and other threads."""
        self._stopped.set()

    def run(self) -> None:
        """Writes until it is stopped. It waits for a queue that does not answer."""
        pause = _PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                busy = self.step()
                pause = _PAUSE_SECONDS
            except QueueError as error:
                busy = False
                self.compacted.failures += 1
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                _log.warning("trying again in %.1f s: %s", pause, error)
            if not busy:
                self._stopped.wait(pause)

    def flush(self) -> None:
        """Writes all that the stream holds now, however little it is; less where it is stopped.

        What comes meanwhile is left, so that it ends where events keep coming.
        """
        tails = {one: self._queue.tail(one) for one in range(self._queue.partitions)}
        while not self._stopped.is_set() and self._gather(tails):
            while len(self._gathered) >= self._entries:
                self._write()
        while self._gathered:
            self._write()
        self._queue.trim(self._files.positions)

    def step(self) -> bool:
        """Reads a little, and writes what is due; tells whether there was anything to do."""
        found = self._gather()
        if not self._due():
            return found
        self._write()
        self._queue.trim(self._files.positions)
        return True

    def _gather(self, until: Mapping[int, str] | None = None) -> bool:
        found = []
        for partition in range(self._queue.partitions):
            after, end = self._scanned.get(partition), (until or {}).get(partition)
            entries = self._queue.scan(partition, after, _ENTRIES, end)
            if entries:
                self._scanned[partition] = entries[-1].position
            found += entries
        self._gathered += found
        return bool(found)

    def _due(self) -> bool:
        now, first = time.time(), self.waiting_since
        if first is None:
            return False
        full = len(self._gathered) >= self._entries
        day_over = first // DAY_SECONDS < now // DAY_SECONDS
        return full or day_over or now - first >= self._seconds

    def _write(self) -> None:
        """Writes what came on the first day of what has gathered."""
        day = min(entry.arrival for entry in self._gathered) // DAY_SECONDS
        of_day = [one for one in self._gathered if one.arrival // DAY_SECONDS == day]
        messages = _messages(of_day)
        if messages:
            last = {entry.partition: entry.position for entry in of_day}
            self._files.write(day, messages, self._files.positions | last)
        self.compacted.entries += len(of_day)
        self._gathered = [one for one in self._gathered if one.arrival // DAY_SECONDS != day]


def _messages(entries: list[Entry]) -> list[Message]:
    messages = []
    for entry in entries:
        try:
            messages.append(parse(entry.payload, entry.arrival))
        except MalformedError:
            continue  # a dead letter, and the consumer's to keep
    return messages
