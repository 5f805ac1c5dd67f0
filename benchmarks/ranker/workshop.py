"""The folder of the ranker benchmark: a log, the rows made of it, and what each side scores."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kept import edition_folder
from benchmarks.processes import run_module
from benchmarks.ranker.environment import ENVIRONMENT, PEERS
from benchmarks.ranker.sources import Source
from benchmarks.ranker.table import TEST, VALIDATION, Floats, Table
from benchmarks.seeded_run import SeededRun

_THREADS = "2"


@dataclass(frozen=True)
class Scores:
    """What a side says of the candidates, higher is better, and what its training took."""

    validation: Floats
    test: Floats
    seconds: float


@dataclass(frozen=True)
class Workshop:
    """Where everything lies.

    Attributes:
        folder: Of the benchmark.
        source: The log.
    """

    folder: Path
    source: Source

    @functools.cached_property
    def _home(self) -> Path:
        return edition_folder(self.folder, self.source.name, self.source.settings)

    @functools.cached_property
    def _run(self) -> SeededRun:
        log = self.source.log(self.folder / "logs")
        return SeededRun(self.source.settings, log, self._home / "root", 1)

    def prepare(self) -> None:
        """Makes the log and the rows, as far as they are not there yet."""
        if not self._said("rows").exists():
            self._run.run_to("Transform", self._said("transform"))
            asked = (self.source.settings, self._run.log, self._rows)
            self._side(self.source.rows_side, "rows", *asked)

    def table(self, part: str) -> Table:
        """The candidates of a part of the time line."""
        return Table.load(self._rows, part)

    def scores(self, side: str, seed: int) -> Scores:
        """Trains a side, and has it score."""
        name = f"{side.replace(' ', '-')}-{seed}"
        scores = self._home / "sides" / f"{name}.npz"
        if side in PEERS:
            module, asked = "benchmarks.ranker.peers", (side, self._rows, seed, scores)
            found = ENVIRONMENT.run_module(
                module, *asked, said=self._said(name), OMP_NUM_THREADS=_THREADS
            ).said
        else:
            module = "benchmarks.ranker.ranker_side"
            found = self._side(module, name, self.source.settings, self._rows, seed, scores)
        with np.load(scores) as arrays:
            of = {part: np.asarray(arrays[part], np.float64) for part in (VALIDATION, TEST)}
        return Scores(of[VALIDATION], of[TEST], found["seconds"])

    @property
    def _rows(self) -> Path:
        return self._home / "rows"

    def _said(self, side: str) -> Path:
        return self._home / "sides" / f"{side}.said.json"

    def _side(self, module: str, name: str, *arguments: object) -> Mapping[str, Any]:
        return run_module(
            module, *arguments, said=self._said(name), environment=self._run.variables
        ).said
