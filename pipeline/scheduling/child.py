"""A run in a process of its own, which does not outlive the schedule that started it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        code: Its exit code.
        said: What it printed as JSON; empty where it did not come so far.
    """

    code: int
    said: dict[str, Any]


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
        child = subprocess.Popen(
            [*self._program, *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches it once, through this process
            preexec_fn=_dies_with(os.getpid()),
        )
        self._child = child
        if self.stopping:  # the signal came while the process was being made
            child.terminate()
        printed, _ = child.communicate()
        self._child = None
        return Ended(child.returncode, _object_in(printed))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        if self._child is not None:
            self._child.terminate()


def _dies_with(parent: int) -> Callable[[], None]:
    """Asks the kernel to end a process when its parent has ended, killed or not."""

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it has ended meanwhile
            os._exit(1)

    return ask


def _object_in(printed: str) -> dict[str, Any]:
    try:
        said = json.loads(printed)
    except json.JSONDecodeError:
        sys.stderr.write(printed)
        return {}
    return said if isinstance(said, dict) else {}
