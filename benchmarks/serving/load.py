"""Starts loads, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import SideError, start
from benchmarks.serving.calls import Calls
from benchmarks.serving.load_side import BEGINS

_SEED = 17
_DEADLINE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_LOG_TAIL = 2000


@dataclass
class Load:
    """A load that runs.

    Attributes:
        process: Its process.
        results: Its calls, once its context is left.
    """

    process: subprocess.Popen[bytes]
    results: list[Calls] = field(default_factory=list)

    def stop(self) -> None:
        """Lets nobody come any more."""
        self.process.terminate()

    @property
    def calls(self) -> Calls:
        """The calls of a load that has ended."""
        return self.results[0]


@dataclass(frozen=True)
class Caller:
    """Who asks a server.

    Attributes:
        address: `host:port` of the server.
        requests: File of serialized requests.
        folder: Where plans and calls are written.
    """

    address: str
    requests: Path
    folder: Path

    def closed(self, callers: int, seconds: float) -> Calls:
        """Callers who each wait for an answer before they ask again."""
        with self._running({"callers": callers, "seconds": seconds}) as load:
            pass
        return load.calls

    def open(
        self, phases: Sequence[tuple[float, float]], deadline: float = _DEADLINE_SECONDS
    ) -> contextlib.AbstractContextManager[Load]:
        """Callers who come at random, a Poisson process; the first may come when the context opens.

        Leaving the context waits for the last answer.

        Args:
            phases: (callers a second, seconds), one after the other.
            deadline: Longest wait of a caller, seconds.
        """
        return self._running({"phases": list(phases), "seed": _SEED, "deadline": deadline})

    @contextlib.contextmanager
    def _running(self, plan: Mapping[str, Any]) -> Iterator[Load]:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = {"address": self.address, "requests": str(self.requests)}
        file, said, log = (self.folder / f"load.{kind}" for kind in ("json", "npz", "log"))
        file.write_text(json.dumps({"deadline": _DEADLINE_SECONDS, **where, **plan}))
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "benchmarks.serving.load_side",
            file,
            said,
        ]
        process = start(command, log)
        load = Load(process)
        try:
            while process.poll() is None and BEGINS not in log.read_text(errors="replace"):
                time.sleep(_POLL_SECONDS)
            yield load
            if code := process.wait():
                raise SideError(
                    f"A load must end with code 0. Received: {code}. The whole output is in {log}; "
                    f"it ends with:\n{log.read_text(errors='replace')[-_LOG_TAIL:]}"
                )
        finally:
            process.kill()
            process.wait()
        load.results.append(Calls.read(said))
