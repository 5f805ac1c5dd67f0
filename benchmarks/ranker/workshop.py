"""The folder of the ranker benchmark: a log, the rows made of it, and what each side scores."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import run_module
from benchmarks.ranker.environment import ENVIRONMENT, PEERS
from benchmarks.ranker.sources import Source
from benchmarks.ranker.table import TEST, VALIDATION, Floats, Table
from benchmarks.workplace import Workplace

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
    def _place(self) -> Workplace:
        return Workplace(self.folder, self.source.name, self.source.settings)

    def prepare(self) -> None:
        """Makes the log and the rows, as far as they are not there yet."""
        self.source.bring(self._place.log)
        if not self._place.said("rows").exists():
            self._place.run().run_to("Transform", self._place.said("transform"))
            asked = (self.source.settings, self._place.log, self._rows)
            self._side(self.source.rows_side, "rows", *asked)

    def table(self, part: str) -> Table:
        """The candidates of a part of the time line."""
        return Table.load(self._rows, part)

    def scores(self, side: str, seed: int) -> Scores:
        """Trains a side, and has it score."""
        name = f"{side.replace(' ', '-')}-{seed}"
        scores = self._place.home / "sides" / f"{name}.npz"
        if side in PEERS:
            module, asked = "benchmarks.ranker.peers", (side, self._rows, seed, scores)
            found = ENVIRONMENT.run_module(
                module, *asked, said=self._place.said(name), OMP_NUM_THREADS=_THREADS
            ).said
        else:
            module = "benchmarks.ranker.ranker_side"
            found = self._side(module, name, self.source.settings, self._rows, seed, scores)
        with np.load(scores) as arrays:
            of = {part: np.asarray(arrays[part], np.float64) for part in (VALIDATION, TEST)}
        return Scores(of[VALIDATION], of[TEST], found["seconds"])

    @property
    def _rows(self) -> Path:
        return self._place.home / "rows"

    def _side(self, module: str, name: str, *arguments: object) -> Mapping[str, Any]:
        said = self._place.said(name)
        return run_module(
            module, *arguments, said=said, environment=self._place.run().variables
        ).said
