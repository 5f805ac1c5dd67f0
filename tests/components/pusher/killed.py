"""Runs an action of the Pusher in child processes that are killed at a chosen step.

A step is a call that can change the disk: opening, writing, flushing, closing, renaming, removing a
file or a folder. The interpreter tells of each before it happens; at the chosen one the child kills
itself with SIGKILL. Imports happen once, in the parent; every child is a fork of it.

`python killed.py ACTION MODEL DESTINATION NOW` reads the numbers of steps from standard input and
answers each with a line: `killed`, or `finished` where the action has fewer steps.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from components.pusher.labels import Rollout
from components.pusher.promotion import promote
from components.pusher.publish import publish
from components.pusher.rollback import roll_back

_MODULES = {"posix", "_io", "fcntl"}
_CHANGING = {
    *("open", "write", "flush", "close", "fsync", "ftruncate", "flock"),
    *("mkdir", "rename", "replace", "unlink", "rmdir", "sendfile", "copy_file_range"),
}


def _publish(model: Path, destination: Path, now: int) -> None:
    publish(model, destination, extra_files={}, now=now, keep=3, rollout=Rollout.NEWEST)


def _naive(model: Path, destination: Path, now: int) -> None:
    """A pusher that copies to where servers already look."""
    shutil.copytree(model, destination / str(now))


ACTIONS = {
    "publish": _publish,
    "naive": _naive,
    "roll_back": lambda model, destination, now: roll_back(destination, to=None, now=now),
    "roll_back_to": lambda model, destination, now: roll_back(destination, to=now - 2, now=now),
    "promote": lambda model, destination, now: promote(destination),
}


def _kill_at(step: int) -> None:
    """Arms the kill before the step-th changing call from now on, the first being 0."""
    seen = 0

    def watch(frame, event, function):
        nonlocal seen
        if event != "c_call" or function.__name__ not in _CHANGING:
            return
        owner = function.__module__ or type(function.__self__).__module__
        if owner in _MODULES:
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.setprofile(watch)


def main() -> None:
    action = ACTIONS[sys.argv[1]]
    model, destination, now = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _kill_at(int(line))
            action(model, destination, now)
            sys.setprofile(None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else "finished" if status == 0 else f"status {status}", flush=True)


if __name__ == "__main__":
    main()
