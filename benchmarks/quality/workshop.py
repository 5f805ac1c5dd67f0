"""The folder of one log: the log itself, models trained on it, and what each side recommends."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.kept import edition_folder
from benchmarks.processes import run_module
from benchmarks.quality.datasets import Dataset
from benchmarks.quality.environment import ENVIRONMENT
from benchmarks.quality.protocol import Ints, check_targets, divided, fingerprint
from benchmarks.seeded_run import SeededRun
from components.baselines.events import HeldOutData
from components.baselines.measure import measure
from pipeline.loading import load_settings
from pipeline.settings import Settings
from transform import features as keys

_THREADS = "2"
# Nodes whose time is the training budget.
_TRAINS = ("Retriever", "Ranker", "RecommenderAssembler")


@dataclass(frozen=True)
class Lists:
    """What a side showed, and what it took.

    Attributes:
        ranks: Rank of each user's test target from 1, 0 where the list does not hold it.
        seconds: Of its training.
        rungs: `user_rung` and `item_rung` -> that of each request (the composed path alone).
        items: How many there are to be recommended (the composed path alone).
    """

    ranks: Ints
    seconds: float
    rungs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    items: int = 0


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
        events = divided(tables["events"], self._settings.split)
        asked = events.filter(pl.col("period") == 2)
        of_targets = asked["user_id"].to_list(), asked["item_id"].to_list()
        check_targets(*of_targets, self.dataset.targets)
        self._log.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(self._log / f"{name}.parquet")
        self._coded.mkdir(parents=True, exist_ok=True)
        _coded(events).write_csv(self._coded / "events.csv")
        self._targets.write_text(fingerprint(*of_targets))

    @property
    def targets(self) -> str:
        """The SHA-256 of the test targets."""
        return self._targets.read_text()

    def composed(self, seed: int) -> Lists:
        """The recommender of a pipeline run with some seed; it is kept for the next time."""
        trained = self._run(seed)
        seconds = trained.train(self._side(f"train-{seed}"))
        asked = (trained.model, trained.examples, self.targets)
        served = self._side(f"lists-{seed}")
        said = run_module("benchmarks.quality.lists_side", *asked, said=served).said
        taken = sum(seconds[node] for node in _TRAINS)
        return Lists(np.array(said["ranks"]), taken, said["rungs"], said["items"])

    def ablation(self, seed: int) -> tuple[Mapping[str, Ints], Ints]:
        """Ranks by parts of the composed path.

        Returns:
            Name of the variant -> ranks; and those of the two-tower alone among the first hundred,
            of the targets that training never saw.
        """
        found = run_module(
            "benchmarks.quality.ablation_side",
            self.dataset.settings,
            said=self._side(f"ablation-{seed}"),
            environment=self._run(seed).variables,
        ).said
        ranks = {name: np.array(ranks) for name, ranks in found["ranks"].items()}
        return ranks, np.array(found["unseen"], np.int64)

    def parts(self, seed: int) -> Mapping[str, float]:
        """NDCG@10 of the retriever on validation rows, trained whole and without each part."""
        found = run_module(
            "benchmarks.quality.parts_side",
            self.dataset.settings,
            seed,
            said=self._side(f"parts-{seed}"),
            environment=self._run(seed).variables,
        ).said
        ndcg: dict[str, float] = found["ndcg"]
        return ndcg

    def simple(self, seed: int) -> dict[str, dict[str, float]]:
        """The baselines of the pipeline: name -> metric -> value."""
        data = HeldOutData(
            functools.partial(_split_of, self._run(seed).examples),
            by_time=self._settings.split.protocol == "time",
        )
        return measure(data, exclude_seen=self._settings.recommender.exclude_seen)

    def peer(self, name: str, seed: int, seconds: float) -> Lists:
        """A peer that may learn for so long."""
        length = self._settings.examples.history_length
        said = self._side(f"{name}-{seed}")
        asked = (self._coded, name, seed, seconds, length)
        found = ENVIRONMENT.run_module(
            "benchmarks.quality.peers", *asked, said=said, OMP_NUM_THREADS=_THREADS
        ).said
        return Lists(np.array(found["ranks"]), found["seconds"])

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _coded(self) -> Path:
        return self.folder / "coded"

    @property
    def _targets(self) -> Path:
        return self._coded / "targets"

    @functools.cached_property
    def _settings(self) -> Settings:
        """The settings of all seeds; their root is that of none."""
        os.environ.update(self._run(0).variables)
        return load_settings(self.dataset.settings)

    def _side(self, name: str) -> Path:
        return self._home / f"{name}.said.json"

    def _run(self, seed: int) -> SeededRun:
        return SeededRun(self.dataset.settings, self._log, self._home / f"root-{seed}", seed)


def _split_of(examples: Path, split: str) -> list[str]:
    return [str(examples / f"Split-{split}")]


def _coded(events: pl.DataFrame) -> pl.DataFrame:
    """Events as the peers read them, see `benchmarks/quality/peers/__main__.py`."""
    items = events["item_id"].unique().sort()
    codes = pl.DataFrame({keys.ITEM_ID: items, "item": np.arange(len(items))})
    return events.join(codes, on=keys.ITEM_ID, maintain_order="left").select(
        "user", "item", "period", time=pl.col(keys.EVENT_TIME)
    )
