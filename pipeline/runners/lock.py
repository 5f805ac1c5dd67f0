"""One run at a time in a root folder, one process at a time in a piece of work."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from pipeline.errors import RunError

LOCK_FILE = "lock"
SCHEDULE_LOCK_FILE = "schedule.lock"  # held beside the other, by who starts one run after another
_HOLDERS = {LOCK_FILE: "run", SCHEDULE_LOCK_FILE: "schedule"}
_ATTEMPTS, _PAUSE_SECONDS = 5, 0.05


@contextlib.contextmanager
def locked(root: Path, name: str = LOCK_FILE) -> Iterator[None]:
    """Holds a lock of a root folder; the system releases it even where the process is killed.

    Raises:
        RunError: Another run holds it.
    """
    with (root / name).open("a+") as handle:
        _lock(handle, fcntl.LOCK_EX, root / name)
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield
        handle.truncate(0)


@contextlib.contextmanager
def shared(root: Path) -> Iterator[None]:
    """Keeps `locked` out while runs go on that do not take each other's executions for abandoned.

    Raises:
        RunError: A run holds the lock for itself.
    """
    with (root / LOCK_FILE).open("a+") as handle:
        _lock(handle, fcntl.LOCK_SH, root / LOCK_FILE)
        yield


def _lock(handle: TextIO, kind: int, path: Path) -> None:
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)  # `is_locked` may hold it for a moment
    handle.seek(0)
    holder = _HOLDERS[path.name]
    raise RunError(
        f"only one {holder} at a time may write to a root folder. Received: {path.parent}, in use "
        f"by process {handle.read().strip() or 'unknown'}. Wait until that {holder} has ended, or "
        "give this one another `root` in its settings."
    )


@contextlib.contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Waits until no other process is inside with the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_locked(root: Path) -> bool:
    """True while a run is under way in a root folder, for itself or beside others."""
    path = root / LOCK_FILE
    mode = "r+" if os.access(path, os.W_OK) else "r"  # network volumes lock what may be written
    try:
        with path.open(mode) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno != errno.EBADF:  # a network volume where this user may not write
            raise
    return False
