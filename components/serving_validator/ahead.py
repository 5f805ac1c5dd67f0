"""The server of a try-out, started while its candidate is still being made.

To start a server and to load what is served takes longer than most of what it is asked then, and
needs nothing of the candidate. A run that goes on in one process can do so once it knows that there
will be a candidate.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from serving.embedded import EmbeddedServer

logger = logging.getLogger(__name__)

# A server, and the folder of its versions.
Running = tuple[EmbeddedServer, Path]
Open = Callable[[Path, Path], AbstractContextManager[Running]]


class Ahead:
    """A server of one version that, once begun, waits for whoever asks for it; one only gets it.

    Args:
        served: Folder of the version.
        log: Of the server, until it is taken.
        start: Starts it: the folder of the version, and the log -> an open server.
    """

    def __init__(self, served: Path, log: Path, start: Open) -> None:
        self._served, self._log = served, log
        self._opened = contextlib.ExitStack()
        self._start = start
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._server: Future[Running] | None = None
        self._taking = threading.Lock()
        self._taken = False

    def begin(self) -> None:
        """Starts the server; the second time nothing happens."""
        with self._taking:
            if self._server is None:
                open_server = self._start(self._served, self._log)
                self._server = self._thread.submit(self._opened.enter_context, open_server)

    @contextlib.contextmanager
    def taken(self, served: Path, log: Path) -> Iterator[Running | None]:
        """The server while the context is open; None where there is none for this version.

        Args:
            served: Folder of the version that it should serve.
            log: Where its log goes from now on.
        """
        running = None
        with self._taking:
            if not self._taken and served == self._served:
                running = self._running()
            self._taken = self._taken or running is not None
        if running is None:
            yield None
            return
        logger.info("The server that was started ahead is taken.")
        server, folder = running
        with self._opened:
            yield self._moved(server, log), folder

    def close(self) -> None:
        """Ends a server that nobody has taken; it is not let go gently, as nobody calls it."""
        with self._taking:
            taken, self._taken = self._taken, True
        if not taken:
            if (running := self._running()) is not None:
                running[0].end()
                self._opened.close()
            self._log.unlink(missing_ok=True)
        self._thread.shutdown()

    def _running(self) -> Running | None:
        if self._server is None:
            return None
        try:
            return self._server.result()
        except Exception:  # whatever it was, the next attempt is that of the try-out itself
            logger.warning("A server that was started ahead did not come up.", exc_info=True)
            return None

    def _moved(self, server: EmbeddedServer, log: Path) -> EmbeddedServer:
        """The same, with its log at another place; it goes on writing there."""
        try:
            server.log_path.replace(log)
        except OSError:  # another file system: it stays where it is
            return server
        return dataclasses.replace(server, log_path=log)


_ahead: Ahead | None = None


@contextlib.contextmanager
def kept(ahead: Ahead) -> Iterator[None]:
    """While open, `begin` starts the server, and `taken` gives it to the first who wants it."""
    global _ahead
    _ahead = ahead
    try:
        yield
    finally:
        _ahead = None
        ahead.close()


def begin() -> None:
    """There will be a candidate: starts the server that is kept for it, if one is."""
    if _ahead is not None:
        _ahead.begin()


@contextlib.contextmanager
def taken(served: Path, log: Path) -> Iterator[Running | None]:
    """The server that was started ahead for a version; None where none was."""
    if _ahead is None:
        yield None
        return
    with _ahead.taken(served, log) as running:
        yield running
