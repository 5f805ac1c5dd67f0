"""The container of a node that trains in pods, without TFX around it: python THIS_FILE FOLDER."""

import sys
from pathlib import Path

from pipeline.kubeflow.outcome import main_of
from pipeline.kubeflow.training.client import Api, connected
from pipeline.kubeflow.training.launcher import Pods, Starter
from pipeline.kubeflow.training.plan import Plan
from pipeline.lineage import NodeState
from trainer.distribution import run_workers, trained_by
from trainer.job import Job


def work(arguments):
    folder = Path(arguments[0])
    plan = Plan.model_validate_json((folder / "plan.json").read_text())
    job = Job.model_validate_json((folder / "job.json").read_text())
    api = Api(connected(), "here", pause=0.05)
    with trained_by(Pods(plan, "ranker-shop-1", "shop", Starter("pod", "uid", "here"), api)):
        run_workers(job, workers=1)
    return NodeState.DONE


assert len(sys.argv) == 2
main_of(work)
