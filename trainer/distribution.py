"""Workers of a MultiWorkerMirroredStrategy training: processes here, or whatever takes their place.

The strategy must be created before any TensorFlow operation of its process, and TFX runs all
nodes of a local pipeline in one process; so even a single worker is a process of its own. A dead
worker takes its peers down (they block on collectives): the job is then started again as a whole
and resumes from its backup.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trainer import stall
from trainer.job import Job

_POLL_SECONDS = 0.2
_STOP_SECONDS = 10.0

# glibc gives large buffers back to the system at once, and each training step takes them anew,
# zeroed page by page; that was over half of a step's time. Workers keep what they have.
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_TOP_PAD_": str(2**26),
}
ENVIRONMENT = {"TF_USE_LEGACY_KERAS": "1", "PYTHONUNBUFFERED": "1", **_KEEP_MEMORY}
THREADS_VARIABLE = "SLUICE_WORKER_THREADS"
# Names the process that a worker ends with; whoever asks only after its imports may ask too late.
PARENT_VARIABLE = "SLUICE_WORKER_PARENT"


class TrainingFailedError(RuntimeError):
    """A worker failed more often than the job may be restarted."""


class Workers(Protocol):
    """The workers of a training, wherever they run."""

    @property
    def restarts(self) -> int:
        """How often a training with a failed worker is started again."""

    def run(self, job: Job, path: Path) -> str | None:
        """Runs all workers of a job to their end, from the job's backup where there is one.

        Args:
            job: The job.
            path: The file that holds it; every worker reads it.

        Returns:
            Which worker failed and how; None where all ended well.
        """


@dataclass(frozen=True)
class LocalWorkers:
    """Workers as processes on this machine.

    Attributes:
        count: How many.
        restarts: How often a training with a failed worker is started again.
    """

    count: int
    restarts: int

    def run(self, job: Job, path: Path) -> str | None:
        """Runs all workers to the end; says which one failed, or None."""
        return _run_once(path, self.count)


_elsewhere: ContextVar[Workers | None] = ContextVar("workers", default=None)


@contextlib.contextmanager
def trained_by(workers: Workers) -> Iterator[None]:
    """While open, trainings of this thread run on these workers in the place of local ones."""
    token = _elsewhere.set(workers)
    try:
        yield
    finally:
        _elsewhere.reset(token)


def run_workers(job: Job, *, workers: int, restarts: int = 1) -> None:
    """Trains a job and waits for the end.

    Args:
        job: The job; every worker reads the same one.
        workers: Number of processes, where no others take their place.
        restarts: How often these are started again after one of them failed.

    Raises:
        StalledError: The training diverged or collapsed, and would again.
        TrainingFailedError: A worker failed and no restart is left.
    """
    run_dir = Path(job.run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    path = run_dir / "job.json"
    path.write_text(job.model_dump_json(indent=2))
    stall.forget(job.run_dir)
    chosen = _elsewhere.get() or LocalWorkers(workers, restarts)
    for attempt in range(chosen.restarts + 1):
        failed = chosen.run(job, path)
        if failed is None:
            return
        stall.raise_told(job.run_dir)
        left = chosen.restarts - attempt
        sys.stderr.write(f"Training of the {job.model}: {failed}; restarts left: {left}.\n")
    raise TrainingFailedError(
        f"Every worker must end well. Received: {failed} of the {job.model}, after "
        f"{chosen.restarts} restart(s). The log above holds the worker's own error."
    )


def _run_once(job: Path, workers: int) -> str | None:
    """Runs all workers to the end; says which one failed, or None."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(workers)]
    processes = [_start(job, addresses, index) for index in range(workers)]
    try:
        while True:
            codes = [process.poll() for process in processes]
            for index, code in enumerate(codes):
                if code:
                    return f"worker {index} ended with exit code {code}"
            if all(code == 0 for code in codes):
                return None
            time.sleep(_POLL_SECONDS)
    finally:
        _stop(processes)


def _start(job: Path, addresses: Sequence[str], index: int) -> subprocess.Popen[bytes]:
    cluster = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    environment = {
        **os.environ,
        "TF_CONFIG": json.dumps(cluster),
        **ENVIRONMENT,
        PARENT_VARIABLE: str(os.getpid()),
        # The workers share this machine's processors.
        THREADS_VARIABLE: str(max(1, (os.cpu_count() or 1) // len(addresses))),
    }
    command = [sys.executable, "-m", "trainer.worker", str(job)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            continue
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; held together so that all differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [int(held.getsockname()[1]) for held in sockets]
