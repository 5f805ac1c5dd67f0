"""A verb of this program in a process of its own, which does not outlive the one that starts it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Ended:
    """How a verb ended.

    Attributes:
        code: Its exit code.
        said: What it printed as JSON; empty where it did not come so far.
    """

    code: int
    said: dict[str, Any]


def start(command: Sequence[str], console: TextIO | None = None) -> subprocess.Popen[str]:
    """Starts a verb that is to print JSON.

    Args:
        command: The command line, without `--json`.
        console: A file for its console; None for this process' standard error.
    """
    return subprocess.Popen(
        [*command, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=console,
        text=True,
        start_new_session=True,  # a Ctrl-C reaches it once, through this process
        preexec_fn=_dies_with(os.getpid()),
    )


def finish(child: subprocess.Popen[str], console: TextIO | None = None) -> Ended:
    """Waits for the end of a verb; what it prints beside JSON goes to the console, too."""
    printed, _ = child.communicate()
    try:
        said = json.loads(printed)
    except json.JSONDecodeError:
        (console or sys.stderr).write(printed)
        said = None
    return Ended(child.returncode, said if isinstance(said, dict) else {})


def _dies_with(parent: int) -> Callable[[], None]:
    """Asks the kernel to end a process when its parent has ended, killed or not."""

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it has ended meanwhile
            os._exit(1)

    return ask
