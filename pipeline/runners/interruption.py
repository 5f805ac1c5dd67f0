"""Ctrl-C, SIGTERM and a closed terminal: one clean end, and no child process left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

import psutil

EXIT_CODE = 130
# A server in a process group of its own hears nothing of a terminal that hangs up.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_KEYPRESS_SECONDS = 1.0  # wrappers such as `make` and `timeout` may pass one signal on twice
_GRACE_SECONDS = 5.0


class Interruption:
    """While open, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread, once.

    A library may swallow or rename that exception, so `requested` remembers it. A second signal
    ends the process at once.
    """

    def __init__(self) -> None:
        self.requested = False
        self._at = 0.0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # so `nohup` wants it
        numbers = [n for n in _SIGNALS if not (n is signal.SIGHUP and ignored)]
        self._previous = {number: signal.signal(number, self._on_signal) for number in numbers}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises KeyboardInterrupt where one was asked for and did not come through."""
        if self.requested:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.requested:
            self.requested, self._at = True, now
            raise KeyboardInterrupt
        if now - self._at > _SAME_KEYPRESS_SECONDS:
            end_children(grace_seconds=0.0)
            os._exit(EXIT_CODE)


def end_children(grace_seconds: float = _GRACE_SECONDS) -> None:
    """Ends all processes started from this one: asks first, then kills.

    Whoever started them still collects their exit codes.
    """
    children = psutil.Process().children(recursive=True)
    _signal(children, signal.SIGTERM)
    alive = _wait(children, grace_seconds)
    _signal(alive, signal.SIGKILL)
    _wait(alive, 1.0)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """The processes that still run after some time."""
    deadline = time.monotonic() + seconds
    while (alive := [p for p in processes if _runs(p)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
