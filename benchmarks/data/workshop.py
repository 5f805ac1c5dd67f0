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
from enum import StrEnum
from pathlib import Path

from benchmarks.data.asking import SETTINGS, job_for
from benchmarks.data.job import Job
from benchmarks.data.spark.environment import spark_command, spark_variables
from benchmarks.kept import simulated_log
from benchmarks.processes import Cost, run, start

_SEED = 7


class Side(StrEnum):
    """Who works on a log."""

    SLUICE = "sluice"
    SPARK = "spark"
    PER_ELEMENT = "per-element"
    KILLED = "killed"  # Sluice, disturbed
    TFT = "tft"  # on the rows that Sluice has written


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
        return simulated_log(folder, events=events, seed=_SEED, heavy_user=heavy_user)

    def out(self, side: Side, log: Path) -> Path:
        """What a side writes of a log."""
        return self.folder / "sides" / f"{side}-{log.name}"

    def examples(self, side: Side, log: Path) -> Path:
        """Where the split folders of a side lie."""
        out = self.out(side, log)
        return out / "examples" if side in (Side.SLUICE, Side.KILLED) else out

    def job(self, side: Side, log: Path) -> Job:
        """The job of a peer."""
        return job_for(self.settings, log, self.out(side, log))

    def run(self, side: Side, log: Path, *arguments: str | Path) -> Cost:
        """Runs a side to its end, over nothing that an earlier run has left."""
        self.clear(side, log)
        command, variables = self._command(side, log, *arguments)
        return run(command, self._beside(side, log, "log"), self._said(side, log), variables)

    def start(self, side: Side, log: Path) -> subprocess.Popen[bytes]:
        """Starts a side over whatever an earlier run has left."""
        command, variables = self._command(side, log)
        return start(command, self._beside(side, log, "log"), variables)

    def clear(self, side: Side, log: Path) -> None:
        """Removes what a side has written."""
        shutil.rmtree(self.out(side, log), ignore_errors=True)
        self.out(side, log).mkdir(parents=True)

    @contextlib.contextmanager
    def environment(self, log: Path) -> Iterator[None]:
        """Sets, for a block, the variables that the settings file refers to."""
        before = dict(os.environ)
        os.environ.update(self._variables(log))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _command(
        self, side: Side, log: Path, *arguments: str | Path
    ) -> tuple[list[str | Path], dict[str, str]]:
        """The command line of a side and its environment variables."""
        said = self._said(side, log)
        python: list[str | Path] = [sys.executable, "-m"]
        if side in (Side.SPARK, Side.PER_ELEMENT):
            description = self._beside(side, log, "job.json")
            self.job(side, log).write(description)
            if side is Side.SPARK:
                return spark_command(description, said), spark_variables()
            return [*python, "benchmarks.data.per_element", description, said], {}
        module = "tft_side" if side is Side.TFT else "sluice_side"
        options = [self.settings, self.out(side, log), said, *arguments]
        return [*python, f"benchmarks.data.{module}", *options], self._variables(log)

    def _variables(self, log: Path) -> dict[str, str]:
        return {"BENCH_LOG": str(log), "BENCH_ROOT": str(self.folder / "pipeline")}

    def _said(self, side: Side, log: Path) -> Path:
        return self._beside(side, log, "said.json")

    def _beside(self, side: Side, log: Path, ending: str) -> Path:
        return self.folder / "sides" / f"{side}-{log.name}.{ending}"


@functools.cache
def run_once(shop: Workshop, side: Side, log: Path) -> Cost:
    """Runs a side unless it has run in this process; what it wrote serves several measures."""
    return shop.run(side, log)
