"""The runs of a schedule, one at a time, and the signals that end them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from types import FrameType
from typing import Any

from pipeline.runners.child import Ended, finish, start


class Children:
    """Runs one verb of this program at a time.

    While open, SIGINT and SIGTERM end the run that is under way, cleanly, and ask for the end of
    the schedule.
    """

    def __init__(self, program: Sequence[str]) -> None:
        """`program` is the command line before the verb."""
        self._program = tuple(program)
        self._child: subprocess.Popen[str] | None = None
        self._previous: dict[int, Any] = {}
        self.stopping = False

    def __enter__(self) -> Children:
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._previous = {number: signal.signal(number, self._stop) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def run(self, *arguments: str) -> Ended:
        """Runs a verb to its end; its console goes where this one's standard error goes."""
        self._child = child = start([*self._program, *arguments])
        if self.stopping:  # the signal came while the process was being made
            child.terminate()
        ended = finish(child)
        self._child = None
        return ended

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        if self._child is not None:
            self._child.terminate()
