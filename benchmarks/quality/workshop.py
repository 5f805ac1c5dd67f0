"""The folder of one log: the log itself, models trained on it, and what each side recommends."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.kept import edition_folder
from benchmarks.processes import run, run_module
from benchmarks.quality.datasets import Dataset
from benchmarks.quality.environment import ENVIRONMENT
from benchmarks.quality.protocol import Ints, check_targets, in_order
from benchmarks.seeded_run import SeededRun
from components.baselines.events import HeldOutData
from components.baselines.measure import measure
from pipeline.loading import load_settings
from transform import features as keys

_THREADS = "2"
# Nodes whose time is the training budget.
_TRAINS = ("Retriever", "Ranker", "RecommenderAssembler")


@dataclass(frozen=True)
class Lists:
    """What a side showed, and what it took.

    Attributes:
        ranks: Rank of each user's test target from 1, 0 beyond the tenth place.
        seconds: Of its training.
    """

    ranks: Ints
    seconds: float


@dataclass(frozen=True)
class Workshop:
    """Where everything of a log lies.

    Attributes:
        folder: Of this log.
        dataset: The log.
    """

    folder: Path
    dataset: Dataset

    @functools.cached_property
    def _home(self) -> Path:
        return edition_folder(self.folder, "models", self.dataset.settings)

    def prepare(self, data: Path | None) -> None:
        """Writes the log in the form of each side.

        Raises:
            NoDataError: The log is not there.
            OtherTargetsError: It is another one.
        """
        tables = self.dataset.load(data)
        histories = in_order(tables["events"])
        users, targets = histories["user_id"], histories["items"].list.last()
        check_targets(users.to_list(), targets.to_list(), self.dataset.targets)
        self._log.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(self._log / f"{name}.parquet")
        self._coded.mkdir(parents=True, exist_ok=True)
        _coded(tables["events"], users).write_csv(self._coded / "events.csv")

    def composed(self, seed: int) -> Lists:
        """The recommender of a pipeline run with some seed; it is kept for the next time."""
        trained = self._run(seed)
        seconds = trained.train(self._side(f"train-{seed}"))
        asked = (trained.model, trained.examples, self.dataset.targets)
        served = self._side(f"lists-{seed}")
        said = run_module("benchmarks.quality.lists_side", *asked, said=served).said
        return Lists(np.array(said["ranks"]), sum(seconds[node] for node in _TRAINS))

    def ablation(self, seed: int) -> Mapping[str, Ints]:
        """Ranks by parts of the composed path: name of the variant -> ranks."""
        found = run_module(
            "benchmarks.quality.ablation_side",
            self.dataset.settings,
            said=self._side(f"ablation-{seed}"),
            environment=self._run(seed).variables,
        ).said
        return {name: np.array(ranks) for name, ranks in found["ranks"].items()}

    def simple(self, seed: int) -> dict[str, dict[str, float]]:
        """The baselines of the pipeline: name -> metric -> value."""
        trained = self._run(seed)
        os.environ.update(trained.variables)
        settings = load_settings(self.dataset.settings)
        data = HeldOutData(
            functools.partial(_split_of, trained.examples),
            by_time=settings.split.protocol == "time",
        )
        return measure(data, exclude_seen=settings.recommender.exclude_seen)

    def peer(self, name: str, seed: int, seconds: float) -> Lists:
        """A peer that may learn for so long."""
        os.environ.update(self._run(seed).variables)
        length = load_settings(self.dataset.settings).examples.history_length
        said = self._side(f"{name}-{seed}")
        command = ENVIRONMENT.command(
            "benchmarks.quality.peers", self._coded, name, *map(str, (seed, seconds, length)), said
        )
        variables = ENVIRONMENT.variables(OMP_NUM_THREADS=_THREADS)
        found = run(command, said.with_suffix(".log"), said, variables).said
        return Lists(np.array(found["ranks"]), found["seconds"])

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _coded(self) -> Path:
        return self.folder / "coded"

    def _side(self, name: str) -> Path:
        return self._home / f"{name}.said.json"

    def _run(self, seed: int) -> SeededRun:
        return SeededRun(self.dataset.settings, self._log, self._home / f"root-{seed}", seed)


def _split_of(examples: Path, split: str) -> list[str]:
    return [str(examples / f"Split-{split}")]


def _coded(events: pl.DataFrame, users: pl.Series) -> pl.DataFrame:
    """Events as the peers read them, see `benchmarks/quality/peers/__main__.py`."""
    items = events["item_id"].unique().sort()
    user_codes = pl.DataFrame({keys.USER_ID: users, "user": np.arange(len(users))})
    item_codes = pl.DataFrame({keys.ITEM_ID: items, "item": np.arange(len(items))})
    left = pl.len() - pl.int_range(pl.len()) - 1
    return (
        events.join(user_codes, on=keys.USER_ID, maintain_order="left")
        .join(item_codes, on=keys.ITEM_ID, maintain_order="left")
        .sort("user", keys.EVENT_TIME, maintain_order=True)
        .select(
            "user",
            "item",
            time=pl.col(keys.EVENT_TIME),
            period=(2 - left.over("user")).clip(lower_bound=0),
        )
    )
