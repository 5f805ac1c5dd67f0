"""Several workers are one: the same loss, step for step, as a single worker's.

The retriever starts warm, from the model of the shared run, the ranker cold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.distribution import run_workers
from trainer.job import Job

pytestmark = pytest.mark.slow


def losses(
    artifacts: Callable[[str, str], Path], folder: Path, workers: int, model: str
) -> list[float]:
    """Trains two epochs without dropout from the rows of the shared run; the loss of each."""
    node = {"retriever": "Retriever", "ranker": "Ranker"}[model]
    job = Job.model_validate_json((artifacts(node, "model_run") / "job.json").read_text())
    changes = {"epochs": 2, "dropout": 0.0, "patience": 5}
    base_model = None
    if model == "retriever":
        changes |= {"id_dropout": 0.0, "warm_start": 1.0}
        base_model = job.model_dir
    job = job.model_copy(
        update={
            "settings": job.settings | changes,
            "base_model": base_model,
            "model_dir": str(folder / "model"),
            "run_dir": str(folder / "run"),
        }
    )
    run_workers(job, workers=workers, restarts=0)
    if base_model:
        assert json.loads((folder / "run" / "start.json").read_text())["warm"]
    history = json.loads((folder / "run" / "history.json").read_text())
    loss: list[float] = history["loss"]
    return loss


def first_loss(artifacts: Callable[[str, str], Path]) -> float:
    """Loss of the retriever of the shared run in its first epoch, from random weights."""
    history = json.loads((artifacts("Retriever", "model_run") / "history.json").read_text())
    return float(history["loss"][0])


@pytest.mark.parametrize("model", ["retriever", "ranker"])
def test_two_workers_learn_as_one(
    artifacts: Callable[[str, str], Path], tmp_path: Path, model: str
) -> None:
    one = losses(artifacts, tmp_path / "one", 1, model)
    two = losses(artifacts, tmp_path / "two", 2, model)
    assert two == pytest.approx(one, rel=1e-3)
    assert one[1] < one[0]
    if model == "retriever":
        assert one[0] < first_loss(artifacts)
