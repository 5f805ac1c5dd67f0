"""The folder of a benchmark run: a log, and a root with a served recommender over its items."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.kept import simulated_log
from benchmarks.processes import run
from benchmarks.refresh.sizes import Sizes
from benchmarks.workplace import Workplace
from pipeline.lineage import Lineage, PipelineRun
from pipeline.loading import load_settings
from pipeline.serving_folder import serving_folder

SETTINGS = Path(__file__).with_name("settings.yaml")
SLUICE = Path(sys.executable).with_name("sluice")
_LOG_SEED = 13
_DAYS = 30


@dataclass(frozen=True)
class Workshop:
    """Where everything of a run lies.

    Attributes:
        folder: The log, and what the pipeline writes.
        sizes: How large everything is.
    """

    folder: Path
    sizes: Sizes

    @functools.cached_property
    def _place(self) -> Workplace:
        return Workplace(self.folder, self.sizes.items, SETTINGS)

    @property
    def home(self) -> Path:
        """The folder of what this code makes of the log."""
        return self._place.home

    @property
    def variables(self) -> Mapping[str, str]:
        """What the settings leave open."""
        return self._place.run().variables

    @property
    def served(self) -> Path:
        """The folder of the versions."""
        os.environ.update(self.variables)
        return serving_folder(load_settings(SETTINGS))

    def prepare(self) -> None:
        """Makes the log, and trains and publishes a recommender, unless they are there."""
        sizes = self.sizes
        simulated_log(
            self._place.log, events=sizes.events, seed=_LOG_SEED, items=sizes.items, days=_DAYS
        )
        if not self.served.is_dir():
            command: list[str | Path] = [SLUICE, "run", "--config", SETTINGS]
            run(command, self.home / "run.log", self.home / "none.json", self.variables)

    def items(self) -> pl.DataFrame:
        """The items table as it was at the training."""
        return pl.read_parquet(self._place.log / "items.parquet")

    def seen_items(self) -> pl.Series:
        """Items that any event of the log names."""
        events = pl.scan_parquet(self._place.log / "events" / "**" / "*.parquet")
        return events.select(pl.col("item_id").unique()).collect()["item_id"]

    def last_run(self) -> PipelineRun:
        """What the metadata say of the latest run."""
        root = self._place.run().root
        lineage = Lineage.open(root, load_settings(SETTINGS).name)
        last = lineage.last_run() if lineage else None
        if last is None:
            raise RuntimeError(f"There must have been a run. Received: {root} without one.")
        return last
