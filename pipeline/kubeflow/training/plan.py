"""What the container of a Trainer node must know to start the pods of its training."""

from __future__ import annotations

import hashlib
from typing import Literal

from pipeline.kubeflow.settings import ContainerSettings, KubeflowSettings, Volume
from transform.settings import Frozen

_MARGIN_MINUTES = 5
TRAINERS = {  # nodes that train -> section of the settings with their model
    "Retriever": "retriever",
    "RetrieverTuner": "retriever",
    "Ranker": "ranker",
    "RankerTuner": "ranker",
}
POD_VARIABLES = {  # of their containers; Kubernetes fills them in
    "SLUICE_POD_NAME": "metadata.name",
    "SLUICE_POD_UID": "metadata.uid",
    "SLUICE_POD_NAMESPACE": "metadata.namespace",
}


class Plan(Frozen):
    """The pods of a training.

    Attributes:
        workers: How many.
        kind: What starts them: a Kubernetes Job, or a TFJob of Kubeflow's training operator.
        image: Their image, that of the nodes.
        volumes: What they mount, as the nodes do.
        pods: What each of them gets.
    """

    workers: int
    kind: Literal["Job", "TFJob"]
    image: str
    volumes: tuple[Volume, ...]
    pods: ContainerSettings


def plan_of(kubeflow: KubeflowSettings, node_id: str) -> Plan | None:
    """The plan for a node; None where it trains in its own container, or not at all.

    An attempt at a training ends before its node has to, which can then say what was wrong.
    """
    training = kubeflow.training
    if training is None or node_id not in TRAINERS:
        return None
    pods = kubeflow.containers.overridden_by(training.pods)
    longest = max(1, kubeflow.container(node_id).timeout_minutes - _MARGIN_MINUTES)
    minutes = min(pods.timeout_minutes, longest)
    return Plan(
        workers=training.workers,
        kind=training.kind,
        image=kubeflow.image,
        volumes=kubeflow.volumes,
        pods=pods.model_copy(update={"timeout_minutes": minutes}),
    )


def job_name(pipeline: str, node_id: str, run_id: str) -> str:
    """Name of the Job of one node in one run, the same at each attempt of the node.

    It is a DNS label, with room for the index that Kubernetes appends for a pod's host name.
    """
    digest = hashlib.sha256(f"{pipeline}/{run_id}".encode()).hexdigest()[:10]
    return f"{node_id.lower()}-{pipeline[:24].strip('-')}-{digest}"
