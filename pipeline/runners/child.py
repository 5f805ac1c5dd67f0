"""A verb of this program in a process of its own, which does not outlive the one that starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

# Not by a `preexec_fn`: it would run in a copy of this process, which may have gRPC's threads, and
# these do not survive being copied.
_TETHER = (sys.executable, "-I", str(Path(__file__).with_name("tether.py")))


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
        [*_TETHER, str(os.getpid()), *command, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=console,
        text=True,
        start_new_session=True,  # a Ctrl-C reaches it once, through this process
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
