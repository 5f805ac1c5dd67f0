"""The evening on which a day more is known: every side trains on the same rows."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.kept import simulated_log
from benchmarks.processes import SideError, start
from pipeline.commands.shared import Exit
from pipeline.lineage import Lineage
from pipeline.loading import load_settings

SETTINGS = Path(__file__).with_name("settings.yaml")
SHARE = 0.1
WARM, COLD, SHORT = "warm start", "cold start", "cold start with as few steps"
_SLUICE = Path(sys.executable).with_name("sluice")
_DAYS, _LOG_SEED = 40, 13
_BEFORE, _EVENING = "2024-02-08", "2024-02-09"  # the last two days of the log
_TOWERS = ("retriever", "ranker")


@dataclass(frozen=True)
class Trained:
    """What became of a side.

    Attributes:
        ndcg: NDCG@10 of the lists, on the held-out rows.
        recall: Recall@10, likewise.
        seconds: Of both trainings.
        warm: Whether both say that they started warm.
    """

    ndcg: float
    recall: float
    seconds: float
    warm: bool


@dataclass(frozen=True)
class Shop:
    """A simulated shop.

    Attributes:
        folder: The log, and what the pipeline writes.
        events: Of its log.
    """

    folder: Path
    events: int

    def evening(self, seed: int) -> dict[str, Trained]:
        """Side -> what became of it, after a model of the day before was blessed."""
        log = simulated_log(
            self.folder / "logs" / str(self.events), events=self.events, seed=_LOG_SEED, days=_DAYS
        )
        home = self.folder / f"{self.events}-{seed}"
        os.environ.update(BENCH_LOG=str(log), BENCH_ROOT=str(home / "root"))
        self._run(home, seed, "before", {}, _BEFORE, must_pass=True)
        changes: Mapping[str, Any] = {
            WARM: lambda tower: {"warm_start": SHARE},
            COLD: lambda tower: {},
            SHORT: lambda tower: {"epochs": max(1, round(SHARE * tower["epochs"]))},
        }
        settings = yaml.safe_load(SETTINGS.read_text())
        return {
            side: self._run(
                home, seed, side, {tower: change(settings[tower]) for tower in _TOWERS}, _EVENING
            )
            for side, change in changes.items()
        }

    def _run(
        self,
        home: Path,
        seed: int,
        side: str,
        changes: Mapping[str, Mapping[str, Any]],
        until: str,
        *,
        must_pass: bool = False,
    ) -> Trained:
        settings = yaml.safe_load(SETTINGS.read_text()) | {"seed": seed}
        for tower, changed in changes.items():
            settings[tower] |= changed
        home.mkdir(parents=True, exist_ok=True)
        name = side.replace(" ", "-")
        config, log = home / f"{name}.yaml", home / f"{name}.log"
        config.write_text(yaml.safe_dump(settings))
        code = start([_SLUICE, "run", "--config", config, "--until", until], log).wait()
        if code not in ((Exit.OK,) if must_pass else (Exit.OK, Exit.WITHHELD)):
            raise SideError(
                f"A run must end with a model that was judged. Received: code {code} of {side!r}. "
                f"The whole output is in {log}."
            )
        return _trained(config)


def _trained(config: Path) -> Trained:
    """The latest run of some settings."""
    settings = load_settings(config)
    lineage = Lineage.open(settings.root, settings.name)
    last = lineage.last_run() if lineage else None
    if lineage is None or last is None:
        raise SideError(f"There must have been a run. Received: {settings.root} without one.")
    report = json.loads((settings.root / "report" / "report.json").read_text())
    quality = report["quality"]["rows"][0]
    nodes = {node.node_id: node.seconds for node in last.nodes}
    runs = [
        Path(lineage.outputs(last.run_id, "ModelRun", tower.capitalize())[0].uri)
        for tower in _TOWERS
    ]
    starts = [file for run in runs for file in run.rglob("start.json")]
    warm = [json.loads(file.read_text())["warm"] for file in starts]
    return Trained(
        ndcg=quality["ndcg_at_10"],
        recall=quality["recall_at_10"],
        seconds=sum(nodes[tower.capitalize()] for tower in _TOWERS),
        warm=len(warm) == len(_TOWERS) and all(warm),
    )
