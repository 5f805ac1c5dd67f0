"""What libraries print, C++ and child processes included, goes to a file instead of the console."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@dataclasses.dataclass(frozen=True)
class RealStreams:
    """The console, while standard output and error go elsewhere."""

    stdout: TextIO
    stderr: TextIO


@contextlib.contextmanager
def output_to(log_path: Path) -> Iterator[RealStreams]:
    """Sends file descriptors 1 and 2, and Python's logging, to the end of a file.

    It works below Python, so that TensorFlow's C++ and every child process are caught too.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(log_path.open("ab", buffering=0))
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(1), os.dup(2)]
        streams = [
            stack.enter_context(os.fdopen(fd, "w", buffering=1, encoding="utf-8")) for fd in kept
        ]
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        stack.enter_context(_logging_to(log_path))
        try:
            yield RealStreams(*streams)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for target, fd in enumerate(kept, start=1):
                os.dup2(fd, target)


@contextlib.contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Python's logging from INFO up, with times; libraries that log through it are kept."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
