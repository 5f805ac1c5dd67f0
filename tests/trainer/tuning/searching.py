"""TFX Tuner's executor over cheap trainings, in a process of its own: FOLDER [training to wait in].

What it trains is written to FOLDER/trained, a line for each.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tfx.components.tuner.executor import Executor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from tests.trainer.tuning.cheap import Peak
from trainer.distribution import trained_by
from trainer.settings import RetrieverSettings

SPACE = {"learning_rate": [1e-4, 5e-4, 2e-3, 1e-2], "layers": [1, 2, 3]}
SPLITS = ("train", "catalogue", "validation")


def main(folder: Path, wait_in: int = 0) -> None:
    """Searches over four trials; waits without end in one of its trainings, 0 for in none."""

    def training(number: int) -> None:
        with (folder / "trained").open("a") as trained:
            trained.write("one\n")
        if number == wait_in:
            (folder / "waiting").touch()
            time.sleep(600)

    execution = "2" if (folder / "waiting").exists() else "1"  # outputs of each have a place
    context = BaseExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id=execution)
    outputs = {
        "best_hyperparameters": [standard_artifacts.HyperParameters()],
        "tuner_results": [standard_artifacts.TunerResults()],
    }
    for key, [artifact] in outputs.items():
        artifact.uri = str(folder / key / execution)
    graph = standard_artifacts.TransformGraph()
    graph.uri = str(folder / "graph")
    inputs = {"examples": [_rows(folder)], "transform_graph": [graph]}
    with trained_by(Peak(training)):
        Executor(context).Do(inputs, outputs, _properties(folder))


def _rows(folder: Path) -> Any:
    rows = standard_artifacts.Examples()
    rows.uri = str(folder / "rows")
    rows.split_names = json.dumps(SPLITS)
    for split in SPLITS:
        (folder / "rows" / f"Split-{split}").mkdir(parents=True, exist_ok=True)
        (folder / "rows" / f"Split-{split}" / "part-0.gz").write_text(split)
    return rows


def _properties(folder: Path) -> dict[str, Any]:
    config = {
        "settings": RetrieverSettings().model_dump(mode="json", exclude={"tuning"}),
        "features": [],
        "aggregates": [],
        "history_length": 4,
        "protocol": "time",
        "exclude_seen": True,
        "seed": 5,
        "workers": 1,
        "code": "1",
        "tuning": {"trials": 4, "space": SPACE},
        "folder": str(folder / "tuning"),
    }
    return {
        "tuner_fn": "trainer.tuning.run.tune_retriever",
        "train_args": proto_utils.proto_to_json(trainer_pb2.TrainArgs(splits=SPLITS[:2])),
        "eval_args": proto_utils.proto_to_json(trainer_pb2.EvalArgs(splits=SPLITS[2:])),
        "custom_config": json.dumps(config),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
