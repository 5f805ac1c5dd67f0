"""One container as a process of its own: started, watched, ended with all that it started."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.kubeflow.outcome import outcome_in
from pipeline.kubeflow.process_groups import end_group
from pipeline.kubeflow.specification import Container
from pipeline.kubeflow.surroundings import Volumes, environment

_GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL, as Kubernetes does it with 30
_POLL_SECONDS = 0.05


@dataclasses.dataclass(frozen=True)
class Attempt:
    """How one attempt ended.

    Attributes:
        state: `done`, `cached`, `failed` or `interrupted`.
        error: Why it failed; empty otherwise.
    """

    state: str
    error: str = ""

    @property
    def well(self) -> bool:
        """True where the container did its work."""
        return self.state in ("done", "cached")


def attempt(
    container: Container,
    volumes: Volumes,
    secrets: Mapping[str, str],
    log: Path,
    stop: threading.Event,
) -> Attempt:
    """Runs a container's command once, in a folder of its own.

    Args:
        container: Which.
        volumes: Folders in the place of its volumes.
        secrets: Values of its secrets.
        log: File that its output is added to.
        stop: Ends it when set.
    """
    command = [volumes.localized(word) for word in container.command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sluice-") as folder, log.open("ab") as output:
        began = output.tell()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(container, Path(folder), volumes, secrets),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a container's end ends every process in it
        )
        try:
            reason = _wait(process, container.timeout, stop)
        finally:
            end_group(process, _GRACE_SECONDS)
    if stop.is_set():
        return Attempt("interrupted")
    return _judged(container, process.returncode, reason, log, began)


def _wait(process: subprocess.Popen[bytes], timeout: float | None, stop: threading.Event) -> str:
    """Waits for the end; says why it was ended where it did not end by itself."""
    deadline = time.monotonic() + timeout if timeout else float("inf")
    while process.poll() is None:
        if stop.is_set():
            return "interrupted"
        if time.monotonic() > deadline:
            return f"it took longer than its timeout of {timeout:g} s"
        stop.wait(_POLL_SECONDS)
    return ""


def _judged(container: Container, code: int, reason: str, log: Path, began: int) -> Attempt:
    with log.open("rb") as written:
        written.seek(began)
        told = outcome_in(written.read().decode(errors="replace"))
    if code == 0 and not reason:
        return Attempt(told.get("state", "done"))
    if not reason and code < 0:
        reason = f"it was killed by {signal.Signals(-code).name}"
    return Attempt("failed", reason or told.get("error") or f"it ended with exit code {code}")
