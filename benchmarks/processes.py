"""Sides of a benchmark, each run in a fresh process on the same cores, and what they cost."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# Cores that every side may use.
CORES = 2
_SAMPLE_SECONDS = 0.1
_LOG_TAIL = 2000


@dataclass(frozen=True)
class Cost:
    """What a side cost.

    Attributes:
        seconds: From start to end of the process.
        peak_bytes: Largest sum of the resident memory of its process tree, sampled ten times a
            second; pages that processes share are counted once for each.
        said: What the side itself reported, as `benchmarks.said.report` wrote it.
    """

    seconds: float
    peak_bytes: int
    said: Mapping[str, Any]


class SideError(RuntimeError):
    """A side failed."""


def start(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a side in a process group of its own; what it prints goes to a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    with log.open("wb") as output:
        return subprocess.Popen(
            ["taskset", "--cpu-list", ",".join(map(str, cores)), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )


def run(
    command: Sequence[str | Path],
    log: Path,
    said: Path,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Runs a side to its end.

    Args:
        command: Program and arguments.
        log: Where its output goes.
        said: The file it leaves its report in.
        environment: Variables to add.

    Raises:
        SideError: If it fails; the message ends with the end of its log.
    """
    said.unlink(missing_ok=True)
    began = time.perf_counter()
    process = start(command, log, environment)
    memory = _PeakMemory(process.pid)
    with memory:
        code = process.wait()
    seconds = time.perf_counter() - began
    if code:
        raise SideError(
            f"A side of a benchmark must end with code 0. Received: {code} from "
            f"{' '.join(map(str, command))}. {end_of(log)}"
        )
    return Cost(seconds, memory.peak, json.loads(said.read_text()) if said.exists() else {})


def run_module(
    module: str, *arguments: object, said: Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Runs a module of ours as a side; its log lies beside its report.

    Args:
        module: Its name.
        arguments: What it is told before `said`.
        said: The file it leaves its report in.
        environment: Variables to add.

    Raises:
        SideError: If it fails; the message ends with the end of its log.
    """
    command = [sys.executable, "-m", module, *map(str, arguments), str(said)]
    return run(command, said.with_suffix(".log"), said, environment)


def end_of(log: Path) -> str:
    """How a log ends, for the message of an error."""
    tail = log.read_text(errors="replace")[-_LOG_TAIL:]
    return f"The whole output is in {log}; it ends with:\n{tail}"


class _PeakMemory:
    """Samples the resident memory of a process tree while a block runs."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> None:
        self._sampler.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            with contextlib.suppress(psutil.NoSuchProcess):
                tree = [self._root, *self._root.children(recursive=True)]
                self.peak = max(self.peak, sum(map(_resident, tree)))


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0
