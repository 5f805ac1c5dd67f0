"""The folder of a benchmark run: logs of the simulated shop, and the sides working on them."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data.asking import SETTINGS, job_for
from benchmarks.data.job import Job
from benchmarks.data.spark.environment import spark_command, spark_variables
from benchmarks.processes import Cost, run, start

_SEED = 7


@dataclass(frozen=True)
class Workshop:
    """Where everything of a run lies.

    Attributes:
        folder: Logs under `logs/`, what the sides write and print under `sides/`.
        settings: The settings file of Sluice's side.
    """

    folder: Path
    settings: Path = SETTINGS

    def log(self, events: int, *, heavy_user: int = 0) -> Path:
        """A simulated log; it is made once."""
        folder = self.folder / "logs" / f"{events}-{heavy_user}"
        if not folder.exists():
            draft = folder.with_name(f".{folder.name}.part")
            shutil.rmtree(draft, ignore_errors=True)
            command = [sys.executable, "-m", "simulation", "--out", str(draft)]
            command += ["--events", str(events), "--seed", str(_SEED)]
            if heavy_user:
                command += ["--heavy-user", str(heavy_user)]
            draft.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(command, check=True)
            draft.rename(folder)
        return folder

    def job(self, log: Path, side: str) -> Job:
        """The job of a peer on a log."""
        return job_for(self.settings, log, self.out(side))

    def out(self, side: str) -> Path:
        """What a side writes."""
        return self.folder / "sides" / side

    def examples(self, side: str) -> Path:
        """Where the split folders of Sluice's side lie."""
        return self.out(side) / "examples"

    def sluice(self, log: Path, side: str = "sluice") -> Cost:
        """Runs Sluice's side."""
        self.clear(side)
        return run(
            self.sluice_command(side), self.printed(side), self.said(side), self.variables(log)
        )

    def start_sluice(self, log: Path, side: str) -> subprocess.Popen[bytes]:
        """Starts Sluice's side over whatever an earlier process has left."""
        return start(self.sluice_command(side), self.printed(side), self.variables(log))

    def spark(self, job: Job, side: str = "spark") -> Cost:
        """Runs PySpark's side."""
        arguments = self._prepare(job, side)
        command = spark_command(*arguments)
        return run(command, self.printed(side), self.said(side), spark_variables())

    def per_element(self, job: Job, side: str = "per_element") -> Cost:
        """Runs the side of per-element Beam."""
        arguments = self._prepare(job, side)
        command = [sys.executable, "-m", "benchmarks.data.per_element", *arguments]
        return run(command, self.printed(side), self.said(side))

    def sluice_command(self, side: str) -> list[str | Path]:
        """The command of Sluice's side."""
        module = "benchmarks.data.sluice_side"
        return [sys.executable, "-m", module, self.settings, self.out(side), self.said(side)]

    def variables(self, log: Path) -> dict[str, str]:
        """What the settings file refers to."""
        return {"BENCH_LOG": str(log), "BENCH_ROOT": str(self.folder / "pipeline")}

    @contextlib.contextmanager
    def environment(self, log: Path) -> Iterator[None]:
        """Sets these variables for a block."""
        before = dict(os.environ)
        os.environ.update(self.variables(log))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _prepare(self, job: Job, side: str) -> list[str | Path]:
        self.clear(side)
        description = self.folder / "sides" / f"{side}.job.json"
        job.write(description)
        return [description, self.said(side)]

    def clear(self, side: str) -> None:
        """Removes what a side has written."""
        shutil.rmtree(self.out(side), ignore_errors=True)
        self.out(side).mkdir(parents=True)

    def printed(self, side: str) -> Path:
        """What a side prints."""
        return self.folder / "sides" / f"{side}.log"

    def said(self, side: str) -> Path:
        """What a side reports."""
        return self.folder / "sides" / f"{side}.said.json"


@functools.cache
def rows_of(shop: Workshop, log: Path) -> Path:
    """What Sluice's side writes of a log; written once for all measures that only read it."""
    side = f"rows-{log.name}"
    shop.sluice(log, side)
    return shop.out(side)
