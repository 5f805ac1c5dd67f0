"""Where the trainings of a node take place: in its own container, or in pods of their own."""

from __future__ import annotations

import contextlib

from pipeline.kubeflow.training.plan import Plan, job_name
from trainer.distribution import trained_by


def placed(
    plan: Plan | None, *, pipeline: str, node_id: str, run_id: str
) -> contextlib.AbstractContextManager[None]:
    """While open, trainings of this process run in pods, where there is a plan for them.

    Pods that an attempt before this one left behind are gone by then: they would go on to write
    where this attempt does.

    Args:
        plan: The pods; None for processes in this container.
        pipeline: Name of the pipeline.
        node_id: The node.
        run_id: The run; together they name the Job.

    Raises:
        RunError: There are pods to start, and this process runs in none itself, the API refuses
            or does not answer, or old pods do not end.
    """
    if plan is None:
        return contextlib.nullcontext()
    from pipeline.kubeflow.training import client, launcher  # nobody else talks to Kubernetes

    starter = launcher.Starter.from_environment()
    api = client.Api(client.connected(), starter.namespace)
    name = job_name(pipeline, node_id, run_id)
    pods = launcher.Pods(plan, name, pipeline, starter, api)
    pods.remove()
    return trained_by(pods)
