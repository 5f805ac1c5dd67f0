"""Step by step, two workers have the loss of one: negatives are those of the whole batch."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import stepwise
from trainer import distribution
from trainer.distribution import run_workers
from trainer.job import Job

pytestmark = pytest.mark.slow

ALL, FEW = 10**6, 50  # positives of a batch that may be candidates

Losses = Callable[..., list[float]]


@pytest.fixture(scope="module")
def losses(
    artifacts: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Losses]:
    """Takes the steps of `stepwise` with some workers, once; the loss of each."""
    start = distribution.subprocess.Popen
    trained = (artifacts("Retriever", "model_run") / "job.json").read_text()
    with pytest.MonkeyPatch.context() as patch:

        @functools.cache
        def train(
            workers: int, softmax: str, negatives: str = "shared", in_batch: int = ALL
        ) -> list[float]:
            def start_stepwise(command: list[str], **options: object) -> object:
                return start([sys.executable, stepwise.__file__, command[3], negatives], **options)

            patch.setattr(distribution.subprocess, "Popen", start_stepwise)
            changes = {"dropout": 0.0, "id_dropout": 0.0, "softmax": softmax}
            changes |= {"in_batch_negatives": in_batch}
            run = tmp_path_factory.mktemp(f"{softmax}-{negatives}-{in_batch}-{workers}")
            job = Job.model_validate_json(trained)
            job = job.model_copy(update={"settings": job.settings | changes, "run_dir": str(run)})
            run_workers(job, workers=workers, restarts=0)
            found: list[float] = json.loads((run / stepwise.LOSSES).read_text())
            assert len(found) == stepwise.STEPS
            assert found[-1] < found[0]
            return found

        yield train


@pytest.mark.parametrize(
    ("softmax", "in_batch"), [("sampled", ALL), ("sampled", FEW), ("full", ALL)]
)
def test_two_workers_have_the_loss_of_one_in_every_step(
    losses: Losses, softmax: str, in_batch: int
) -> None:
    one = losses(1, softmax, in_batch=in_batch)
    assert losses(2, softmax, in_batch=in_batch) == pytest.approx(one, rel=1e-5)


def test_with_negatives_of_its_own_a_worker_has_another_loss(losses: Losses) -> None:
    shared = losses(1, "sampled", in_batch=ALL)
    assert losses(2, "sampled", "own") != pytest.approx(shared, rel=1e-2)


def test_with_fewer_negatives_the_loss_is_another(losses: Losses) -> None:
    all_of_them = losses(1, "sampled", in_batch=ALL)
    assert losses(1, "sampled", in_batch=FEW) != pytest.approx(all_of_them, rel=1e-2)
