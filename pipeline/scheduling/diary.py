"""The diary of a schedule: one JSON object a line, the file that decides what was done."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

DIARY_FILE = "schedule.jsonl"


class What(StrEnum):
    """What happened to a span.

    Attributes:
        STARTED: A run began. Where nothing follows, the schedule was killed.
        PUSHED: The run ended well, and its model is served.
        WITHHELD: The run ended well, and a gate withheld its model.
        WATCHED: The span was looked at, and did not call for a run.
        SKIPPED: Nothing was done, for the time being.
        FAILED: The run, or the look, broke off.
        REFUSED: It did not begin: the settings are wrong.
        GIVEN_UP: So many runs broke off that the span is not tried again.
        INTERRUPTED: The schedule was told to end.
    """

    STARTED = "started"
    PUSHED = "pushed"
    WITHHELD = "withheld"
    WATCHED = "watched"
    SKIPPED = "skipped"
    FAILED = "failed"
    REFUSED = "refused"
    GIVEN_UP = "given up"
    INTERRUPTED = "interrupted"


DONE = (What.PUSHED, What.WITHHELD)  # no span is trained on again after one of these


@dataclass(frozen=True)
class Entry:
    """One line.

    Attributes:
        time: When, unix seconds.
        span: The last day or span of the data, as text.
        what: What happened to it.
        why: What called for the run, or why it ended as it did.
        drift: Share of its bound that the largest drift of the span reached; None where nobody
            looked.
    """

    time: float
    span: str
    what: What
    why: str = ""
    drift: float | None = None


class Diary:
    """The entries of a root folder; only the holder of the schedule's lock writes."""

    def __init__(self, root: Path) -> None:
        """Opens the diary of a root folder, which must exist."""
        self._path = root / DIARY_FILE

    def write(self, span: str, what: What, why: str = "", drift: float | None = None) -> Entry:
        """Adds an entry; it is on the disk when this returns."""
        entry = Entry(time.time(), span, what, why, drift)
        with self._path.open("ab") as file:
            if file.tell() and not self._path.read_bytes().endswith(b"\n"):
                file.write(b"\n")  # a line that a crash has cut
            file.write((json.dumps(asdict(entry)) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        return entry

    def entries(self) -> list[Entry]:
        """All entries, oldest first; a line that a crash has cut is passed over."""
        return list(self._read())

    def _read(self) -> Iterator[Entry]:
        text = self._path.read_text() if self._path.exists() else ""
        for line in text.splitlines():
            try:
                said = json.loads(line)
            except json.JSONDecodeError:
                continue
            yield Entry(**{**said, "what": What(said["what"])})
