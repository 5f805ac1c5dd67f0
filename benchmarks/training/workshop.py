"""The folder of the training benchmark, and its sides."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.kept import simulated_log
from benchmarks.processes import run_module
from benchmarks.quality.environment import ENVIRONMENT
from benchmarks.training.sizes import Sizes
from benchmarks.workplace import Workplace
from pipeline.loading import load_settings
from pipeline.settings import Settings
from trainer.distribution import ENVIRONMENT as OF_WORKERS

SETTINGS = Path(__file__).with_name("settings.yaml")
_LOG_SEED = 4
_THREADS = "2"


@dataclass(frozen=True)
class Workshop:
    """Where everything lies.

    Attributes:
        folder: Of the benchmark.
        sizes: How large it is.
    """

    folder: Path
    sizes: Sizes

    def prepare(self) -> int:
        """Makes the log and the windows, as far as they are not there yet; the events of a pass."""
        sizes = self.sizes
        simulated_log(self._place.log, events=sizes.events, users=sizes.users, seed=_LOG_SEED)
        if not self.windows.exists():
            self._place.run().run_to("Transform", self._said("transform"))
        found = self.side(
            "benchmarks.training.windows_side", SETTINGS, sizes.windows, self.rows, self.windows
        )
        return int(found["events"])

    def settings(self) -> Settings:
        """The settings of the retriever and its windows."""
        os.environ.update(self._place.run().variables)
        return load_settings(SETTINGS)

    def side(self, module: str, *arguments: object) -> Mapping[str, Any]:
        """Runs a side in our environment, with the variables of a worker; returns its report."""
        variables = {**OF_WORKERS, **self._place.run().variables}
        return run_module(module, *arguments, said=self._said(module), environment=variables).said

    def peer_side(self, module: str, *arguments: object) -> Mapping[str, Any]:
        """Runs a side in the environment of RecTools; returns its report."""
        said = self._said(module)
        return ENVIRONMENT.run_module(module, *arguments, said=said, OMP_NUM_THREADS=_THREADS).said

    @property
    def windows(self) -> Path:
        """The windows as the peers read them."""
        return self._place.home / "windows.npz"

    @property
    def rows(self) -> Path:
        """The windows as the retriever reads them."""
        return self._place.home / "windows.gz"

    @functools.cached_property
    def _place(self) -> Workplace:
        return Workplace(self.folder, self.sizes.events, SETTINGS)

    def _said(self, module: str) -> Path:
        return self._place.said(module.rpartition(".")[2])
