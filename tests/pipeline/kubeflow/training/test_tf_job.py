"""A training by TFJob: what the training operator reports, read and acted upon."""

import threading
from pathlib import Path

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.local_cluster.objects import MissingError
from pipeline.kubeflow.settings import ClusterTraining
from pipeline.kubeflow.training.permissions import permissions
from tests.pipeline.kubeflow.training.conftest import until
from trainer.distribution import TrainingFailedError

pytestmark = pytest.mark.slow

NAME = "ranker-shop-1"


@pytest.fixture
def plan(plan):
    return plan.model_copy(update={"kind": "TFJob"})


@pytest.fixture
def role():
    return permissions(ClusterTraining(workers=2, kind="TFJob"))[1]["rules"]


@pytest.fixture
def definitions():
    return ["tfjobs"]


def _uid(objects):
    try:
        return objects.read("tfjobs", NAME)["metadata"]["uid"]
    except MissingError:
        return None


@pytest.fixture
def operator(training):
    """Lets the operator report one end after the other, each for a TFJob that was made anew."""
    objects = training.cluster.objects

    def report(*ends):
        def work():
            for kind, exit_code in ends:
                until(lambda: _uid(objects) is not None)
                made = _uid(objects)
                objects.create("pods", _pod(exit_code))
                condition = {"type": kind, "status": "True", "reason": f"TFJob{kind}"}
                objects.change("tfjobs", NAME, lambda job, c=condition: _end(job, c))
                until(lambda m=made: _uid(objects) != m)  # the next may be there at once
                objects.remove("pods", f"{NAME}-worker-0")

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    return report


def test_it_ends_well(training, operator):
    Path(training.job.model_dir).mkdir()
    Path(training.job.model_dir, "saved_model.pb").touch()
    thread = operator(("Succeeded", 0))
    training.train()
    thread.join()
    assert training.objects() == []


def test_it_is_made_anew_after_a_failure_and_told_at_the_end(training, operator):
    thread = operator(("Failed", 1), ("Failed", 3))
    with pytest.raises(TrainingFailedError, match="worker 0 failed with exit code 3"):
        training.train(retries=1)
    thread.join()
    assert ("POST", "services") not in training.proxy.asked


class TestWithoutTheOperator:
    @pytest.fixture
    def definitions(self):
        return []

    def test_it_is_said_what_is_missing(self, training):
        with pytest.raises(RunError, match=r"404 to POST .* installed in the cluster \(`kubeflow"):
            training.train()
        assert training.objects() == []


def _pod(exit_code):
    labels = {
        "training.kubeflow.org/job-name": NAME,
        "training.kubeflow.org/replica-index": "0",
    }
    state = {"terminated": {"exitCode": exit_code, "reason": ""}}
    return {
        "metadata": {"name": f"{NAME}-worker-0", "labels": labels},
        "status": {
            "phase": "Failed" if exit_code else "Succeeded",
            "containerStatuses": [{"name": "tensorflow", "state": state}],
        },
    }


def _end(job, condition):
    job["status"] = {"conditions": [condition]}
