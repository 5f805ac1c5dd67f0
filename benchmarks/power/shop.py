"""The folder of the power benchmark: a log, two recommenders trained on it, and their answers."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kept import simulated_log
from benchmarks.power.answers import Answers
from benchmarks.power.marks import marks
from benchmarks.power.traffic import Traffic, read_traffic
from benchmarks.power.trials import Seeds, Side
from benchmarks.processes import run_module
from benchmarks.seeded_run import SeededRun
from benchmarks.workplace import Workplace
from components.verdict.evaluation import Slice
from pipeline.loading import load_settings
from transform import features as keys
from transform.features import slice_keys

SETTINGS = Path(__file__).with_name("settings.yaml")
# About a twentieth of the simulated shop's requests come from this country.
REGRESSED: Slice = (("country", "IN"),)
_LOG_SEED = 11
_MODEL_SEEDS = (1, 2)


@dataclass(frozen=True)
class Sizes:
    """Sizes of the shop.

    Attributes:
        events: Of its log, impressions included.
        users: Who shop there.
        seeds: How often candidates are drawn.
    """

    events: int
    users: int
    seeds: Seeds


FULL = Sizes(events=1_300_000, users=44_000, seeds=Seeds(regressed=10, equal=20))
SMOKE = Sizes(events=60_000, users=2_000, seeds=Seeds(regressed=1, equal=2))


@dataclass(frozen=True)
class Shop:
    """Where everything of a run lies.

    Attributes:
        folder: The log, what the pipelines write, and the answers.
        sizes: How large everything is.
    """

    folder: Path
    sizes: Sizes

    @functools.cached_property
    def _place(self) -> Workplace:
        return Workplace(self.folder, self.sizes.events, SETTINGS)

    def prepare(self) -> None:
        """Makes the log, the models and their answers, as far as they are not there yet."""
        events, users = self.sizes.events, self.sizes.users
        simulated_log(self._place.log, events=events, seed=_LOG_SEED, users=users)
        for seed in _MODEL_SEEDS:
            trained = self._run(seed)
            trained.train(self._said("train_side", seed))
            if not (self._answers(seed) / "lost.npz").exists():
                ((column, value),) = REGRESSED
                answered = (trained.model, self._examples, column, value, self._answers(seed))
                said = self._said("answers", seed)
                run_module("benchmarks.power.answers", *answered, said=said)

    def traffic(self) -> Traffic:
        """The held-out requests, with the slices that the settings ask for."""
        os.environ.update(self._run(_MODEL_SEEDS[0]).variables)
        settings = load_settings(SETTINGS)
        alone = [(name,) for name in slice_keys(settings.features)]
        return read_traffic(str(self._examples), [*alone, *settings.slices])

    def sides(self, traffic: Traffic) -> tuple[Side, Side]:
        """The two models' marks."""
        one, other = (self._marked(traffic, seed) for seed in _MODEL_SEEDS)
        return one, other

    def _marked(self, traffic: Traffic, seed: int) -> Side:
        whole = Answers.load(self._answers(seed) / "whole.npz")
        lost = Answers.load(self._answers(seed) / "lost.npz")
        return Side(marks(traffic, whole), marks(traffic.of(REGRESSED), lost))

    @property
    def _examples(self) -> Path:
        """Both models answer the rows of the first one's pipeline."""
        return self._run(_MODEL_SEEDS[0]).examples / f"Split-{keys.EVAL}"

    def _run(self, seed: int) -> SeededRun:
        return self._place.run(seed, f"root-{seed}")

    def _answers(self, seed: int) -> Path:
        return self._place.home / f"answers-{seed}"

    def _said(self, side: str, seed: int) -> Path:
        return self._place.said(f"{side}-{seed}")
