"""Several workers are one: the same loss, step for step, as a single worker's, killed or not.

The retriever starts warm, from the model of the shared run, the ranker cold and kept by log loss;
the learning rate of both rises and falls.
"""

from __future__ import annotations

import functools
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tensorflow as tf

from trainer.distribution import run_workers
from trainer.job import Job
from trainer.rows import count_rows
from trainer.schedule import learning_rate
from trainer.settings import RankerSettings, RetrieverSettings

pytestmark = pytest.mark.slow

# The peak lies in the second of three epochs.
SCHEDULE = {"warm_up": 0.5, "final_learning_rate": 0.1}
OF_MODEL = {
    "retriever": {"id_dropout": 0.0, "warm_start": 1.0, "softmax": "sampled"},
    "ranker": {"keep": "probabilities"},
}
MEASURES = {"retriever": "val_ndcg_at_10", "ranker": "val_log_likelihood"}


def losses(
    artifacts: Callable[[str, str], Path],
    folder: Path,
    workers: int,
    model: str,
    restarts: int = 0,
    **settings: Any,
) -> list[float]:
    """Trains three epochs without dropout from the rows of the shared run; the loss of each.

    The history must hold what chooses the epoch, and the learning rate that each has to end with.
    """
    node = {"retriever": "Retriever", "ranker": "Ranker"}[model]
    job = Job.model_validate_json((artifacts(node, "model_run") / "job.json").read_text())
    changes = {"epochs": 3, "dropout": 0.0, "patience": 5} | SCHEDULE | settings
    changes |= OF_MODEL[model]
    base_model = job.model_dir if model == "retriever" else None
    job = job.model_copy(
        update={
            "settings": job.settings | changes,
            "base_model": base_model,
            "model_dir": str(folder / "model"),
            "run_dir": str(folder / "run"),
        }
    )
    run_workers(job, workers=workers, restarts=restarts)
    if base_model:
        assert json.loads((folder / "run" / "start.json").read_text())["warm"]
    history = json.loads((folder / "run" / "history.json").read_text())
    assert len(history[MEASURES[model]]) == 3
    assert history["learning_rate"] == rates(job)
    loss: list[float] = history["loss"]
    return loss


def rates(job: Job) -> list[float]:
    """The learning rate of the last step of each epoch, in float32."""
    kind = RetrieverSettings if job.model == "retriever" else RankerSettings
    settings = kind(**job.settings)
    steps = math.ceil(count_rows(job.train_files) / settings.batch_size)
    last = [epoch * steps - 1 for epoch in range(1, settings.epochs + 1)]
    found = [learning_rate(settings, step, settings.epochs * steps) for step in last]
    assert found[0] < found[1] > found[2]  # it rises, and falls
    return [float(np.float32(rate)) for rate in found]


def first_loss(artifacts: Callable[[str, str], Path]) -> float:
    """Loss of the retriever of the shared run in its first epoch, from random weights."""
    history = json.loads((artifacts("Retriever", "model_run") / "history.json").read_text())
    return float(history["loss"][0])


def kill_in_epoch(history: Path, epoch: int, worker: int) -> None:
    """Kills a worker of this process as soon as an epoch (1 = the second) has begun."""
    deadline = time.monotonic() + 120.0
    while not history.exists() or len(json.loads(history.read_text())["loss"]) < epoch:
        assert time.monotonic() < deadline, f"epoch {epoch} did not begin"
        time.sleep(0.01)
    for process in psutil.Process().children(recursive=True):
        cluster = json.loads(process.environ().get("TF_CONFIG", "{}"))
        if cluster.get("task", {}).get("index") == worker:
            process.kill()
            return
    raise AssertionError(f"worker {worker} does not run")


@pytest.fixture(scope="module")
def undisturbed(
    artifacts: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[float]]:
    """Losses of a single worker that nobody kills, by model."""
    return functools.cache(
        lambda model: losses(artifacts, tmp_path_factory.mktemp(model), 1, model)
    )


@pytest.mark.parametrize("model", ["retriever", "ranker"])
def test_two_workers_learn_as_one(
    artifacts: Callable[[str, str], Path],
    tmp_path: Path,
    undisturbed: Callable[[str], list[float]],
    model: str,
) -> None:
    one = undisturbed(model)
    two = losses(artifacts, tmp_path, 2, model)
    assert two == pytest.approx(one, rel=1e-3)
    assert one[1] < one[0]
    if model == "retriever":
        assert one[0] < first_loss(artifacts)


def test_a_training_whose_workers_are_killed_goes_on_where_it_was(
    artifacts: Callable[[str, str], Path],
    tmp_path: Path,
    undisturbed: Callable[[str], list[float]],
) -> None:
    """The chief in the second epoch, its peer in the third: each epoch has the loss it had to."""
    history = tmp_path / "run" / "history.json"
    with ThreadPoolExecutor(1) as thread:
        training = thread.submit(losses, artifacts, tmp_path, 2, "retriever", restarts=2)
        kill_in_epoch(history, 1, worker=0)
        kill_in_epoch(history, 2, worker=1)
        assert training.result() == pytest.approx(undisturbed("retriever"), rel=1e-3)


@pytest.mark.skipif(
    not tf.config.list_physical_devices("GPU"), reason="TensorFlow sees no GPU on this machine"
)
@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("retriever", {"mixed_precision": "bfloat16", "xla": True}),
        ("ranker", {"mixed_precision": "bfloat16"}),
    ],
)
def test_a_gpu_learns_in_half_precision_as_in_float32(
    artifacts: Callable[[str, str], Path], tmp_path: Path, model: str, settings: dict[str, Any]
) -> None:
    exact = losses(artifacts, tmp_path / "exact", 1, model)
    fast = losses(artifacts, tmp_path / "fast", 1, model, **settings)
    assert fast == pytest.approx(exact, rel=2e-2)
    assert fast[1] < fast[0]
