"""What a long step of a run has to say while it goes on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """While open, what steps of this thread say goes to a listener as well, line by line."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(line: str) -> None:
    """Says a line: on standard error, which a run keeps in its log, and to who listens."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    if listener := _listener.get():
        listener(line)
