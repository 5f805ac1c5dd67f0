"""A model server as a child process: for the gate that tries a model out, the demo and tests."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

from serving.client import RecommenderClient, ServingError, VersionStatus
from serving.model_server.parent import PARENT_VARIABLE

logger = logging.getLogger(__name__)

_READY = re.compile(r"^model server listening on (\S+) ", re.MULTILINE)
_POLL_SECONDS = 0.1
_LOG_TAIL_LINES = 15
_LATE = "no version was available in time"


class EmbeddedServerError(Exception):
    """The server did not come to serve the model; the message holds the end of its log."""


@dataclasses.dataclass(frozen=True)
class EmbeddedServer:
    """A model server that runs.

    Attributes:
        address: `host:port`.
        model_name: Name under which it serves the model.
        log_path: File with everything it printed.
        startup_seconds: From the start of the process until a version was available, or until it
            listened where it was started without one.
        pid: Its process.
    """

    address: str
    model_name: str
    log_path: Path
    startup_seconds: float
    pid: int

    def rss_bytes(self) -> int:
        """Resident memory of the process now."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        try:
            return bool(psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def why_not_available(self, version: int, deadline_s: float) -> str:
        """Waits for a version; why it did not become available, "" where it did."""
        deadline = time.monotonic() + deadline_s
        with RecommenderClient(self.address, self.model_name, timeout_s=60.0) as client:
            return _why_not_available(client, self._why_ended, deadline, version)

    def require_available(self, version: int, deadline_s: float) -> None:
        """Waits for a version.

        Raises:
            EmbeddedServerError: It did not become available.
        """
        if reason := self.why_not_available(version, deadline_s):
            raise _failure(reason, self.log_path)

    def why_failed(self, version: int) -> str:
        """Why a version will not become available; "" as long as it may."""
        if ended := self._why_ended():
            return ended
        with (
            RecommenderClient(self.address, self.model_name, timeout_s=5.0) as client,
            contextlib.suppress(ServingError),  # it is busy, or has just ended
        ):
            return _failed(client.status(), version)
        return ""

    def _why_ended(self) -> str:
        return "" if self.is_running() else "it stopped"

    def end(self) -> None:
        """Ends the process before its context does, and waits until its memory is free."""
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).kill()
        while self.is_running():
            time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def embedded_server(
    base_path: Path,
    *,
    model_name: str = "recommender",
    log_path: Path | None = None,
    startup_deadline_s: float = 180.0,
    stop_deadline_s: float = 40.0,
    poll_seconds: float = 1.0,
    binary: str | None = None,
    flags: Sequence[str] = (),
    empty: bool = False,
) -> Iterator[EmbeddedServer]:
    """Run a model server on a free port of this machine while the context is open.

    Args:
        base_path: Directory that holds the version directories.
        model_name: Name to serve the model under.
        log_path: File for its output; None makes a temporary one, which is left behind.
        startup_deadline_s: Longest wait for an available version.
        stop_deadline_s: Longest wait after SIGTERM before it is killed.
        poll_seconds: How often it looks for a new version.
        binary: A `tensorflow_model_server` (name on the PATH, or path) to run instead of ours.
        flags: Further flags of the server.
        empty: Whether there is no version yet, so that none is waited for; only of our server.

    Yields:
        The running server.

    Raises:
        EmbeddedServerError: It stopped, no version is available and one failed to load, or the
            deadline passed. Ours serves the newest version that loads.
    """
    log = log_path or Path(tempfile.mkdtemp(prefix="sluice-model-server-")) / "server.log"
    port, command = _command(base_path, model_name, poll_seconds, binary)
    started = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *flags],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            process_group=_group(),
        )
    try:
        address = _wait(process, log, port, model_name, started + startup_deadline_s, empty)
        seconds = time.monotonic() - started
        yield EmbeddedServer(address, model_name, log, seconds, process.pid)
    finally:
        _stop(process, stop_deadline_s)


def _command(
    base_path: Path, model_name: str, poll_seconds: float, binary: str | None
) -> tuple[int | None, Sequence[str]]:
    """The port, where it is chosen here, and the command line."""
    if binary is None:
        port, program, poll = None, [sys.executable, "-m", "serving.model_server"], poll_seconds
    else:
        found = shutil.which(binary)
        if found is None:
            raise EmbeddedServerError(
                f"the model server binary must be on the PATH or an executable file, received "
                f"{binary!r}. Install it, or leave `binary` out to run the embedded server"
            )
        port, program, poll = _free_port(), [found], max(1, round(poll_seconds))  # an int there
    return port, [
        *program,
        f"--port={port or 0}",
        f"--model_name={model_name}",
        f"--model_base_path={base_path.resolve()}",
        f"--file_system_poll_wait_seconds={poll:g}",
    ]


def _wait(
    process: subprocess.Popen[bytes],
    log: Path,
    port: int | None,
    model_name: str,
    deadline: float,
    empty: bool,
) -> str:
    """Wait until a version is available, or until it listens; returns the address."""

    def stopped() -> str:
        return "" if process.poll() is None else f"it stopped with exit code {process.returncode}"

    address = f"127.0.0.1:{port}" if port else _address(log, stopped, deadline)
    if address is None:
        raise _failure(stopped() or _LATE, log)
    if empty:
        return address
    with RecommenderClient(address, model_name, 1.0) as client:
        reason = _why_not_available(client, stopped, deadline)
    if reason:
        raise _failure(reason, log)
    return address


def _address(log: Path, stopped: Callable[[], str], deadline: float) -> str | None:
    """The address that the server prints; None where it does not come to do so."""
    while not stopped() and time.monotonic() < deadline:
        if ready := _READY.search(log.read_text(errors="replace")):
            return ready[1]
        time.sleep(_POLL_SECONDS)
    return None


def _why_not_available(
    client: RecommenderClient,
    stopped: Callable[[], str],
    deadline: float,
    version: int | None = None,
) -> str:
    """Waits for a version; why it did not become available, "" where it did.

    Args:
        client: Of the server.
        stopped: How its process ended, "" while it runs.
        deadline: By the monotonic clock.
        version: Which; None for any.
    """
    while not (end := stopped()) and time.monotonic() < deadline:
        with contextlib.suppress(ServingError):  # not listening, or nothing to tell about yet
            states = client.status()
            if any(s.state == "AVAILABLE" for s in states if version in (None, s.version)):
                return ""
            if failed := _failed(states, version):
                return failed
        time.sleep(_POLL_SECONDS)
    return end or _LATE


def _failed(states: Sequence[VersionStatus], version: int | None) -> str:
    """Which version failed to load, and why; "" where none did.

    Args:
        states: Of all versions.
        version: The one that is asked for; None for any.
    """
    for state in states:
        if state.error and version in (None, state.version):
            return f"version {state.version} failed to load: {state.error}"
    return ""


def _failure(reason: str, log: Path) -> EmbeddedServerError:
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
    return EmbeddedServerError(
        f"the model server does not serve the model: {reason}. The end of its log ({log}):\n{tail}"
    )


def _stop(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    process.terminate()
    try:
        code = process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        logger.warning("the model server did not stop within %.0f s and is killed", deadline_s)
        process.kill()
        code = process.wait()
    logger.info("model server stopped with exit code %d", code)


def _group() -> int | None:
    """Started beside the main thread, a server is in a group of its own.

    A Ctrl-C in a terminal would else end it before the main thread knows, and who asks the server
    would take that for a failure of the model.
    """
    return None if threading.current_thread() is threading.main_thread() else 0


def _environment() -> dict[str, str]:
    """This process's environment, in which the server finds this very package, and its parent."""
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    parent = {PARENT_VARIABLE: str(os.getpid())}
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **parent}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
