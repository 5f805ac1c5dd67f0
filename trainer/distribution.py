"""Local worker processes of a MultiWorkerMirroredStrategy training.

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
from collections.abc import Sequence
from pathlib import Path

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


class TrainingFailedError(RuntimeError):
    """A worker failed more often than the job may be restarted."""


def run_workers(job: Job, *, workers: int, restarts: int = 1) -> None:
    """Trains a job with `workers` processes on this machine and waits for the end.

    Args:
        job: The job; every worker reads the same one.
        workers: Number of processes.
        restarts: How often a job with a failed worker is started again.

    Raises:
        TrainingFailedError: A worker failed and no restart is left.
    """
    run_dir = Path(job.run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    path = run_dir / "job.json"
    path.write_text(job.model_dump_json(indent=2))
    for attempt in range(restarts + 1):
        failed = _run_once(path, workers)
        if failed is None:
            return
        left = restarts - attempt
        sys.stderr.write(f"Training of the {job.model}: {failed}; restarts left: {left}.\n")
    raise TrainingFailedError(
        f"Every worker must end well. Received: {failed} of the {job.model}, after {restarts} "
        "restart(s). The log above holds the worker's own error."
    )


def _run_once(job: Path, workers: int) -> str | None:
    """Runs all workers to the end; says which one failed, or None."""
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
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
        "TF_USE_LEGACY_KERAS": "1",
        "PYTHONUNBUFFERED": "1",
        **_KEEP_MEMORY,
        # The workers share this machine's processors.
        "SLUICE_WORKER_THREADS": str(max(1, (os.cpu_count() or 1) // len(addresses))),
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


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; held together so that all differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [int(held.getsockname()[1]) for held in sockets]
