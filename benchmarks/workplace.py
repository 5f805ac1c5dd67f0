"""What a benchmark keeps for one size of its simulated log: the log, and what is made of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kept import edition_folder
from benchmarks.seeded_run import SeededRun


@dataclass(frozen=True)
class Workplace:
    """Where everything lies.

    Attributes:
        folder: Of the benchmark.
        name: Of the log, or its size: what it is told from others by.
        settings: The settings of what is made of it.
    """

    folder: Path
    name: str | int
    settings: Path

    @property
    def log(self) -> Path:
        """The folder of the log, which all editions of the code share."""
        return self.folder / "logs" / str(self.name)

    @functools.cached_property
    def home(self) -> Path:
        """The folder of what the code as it stands makes of the log."""
        return edition_folder(self.folder, str(self.name), self.settings)

    def run(self, seed: int = 1, root: str = "root") -> SeededRun:
        """A pipeline over the log."""
        return SeededRun(self.settings, self.log, self.home / root, seed)

    def said(self, side: str) -> Path:
        """The file that a side leaves its report in."""
        return self.home / "sides" / f"{side}.said.json"
