"""The objects of a training: an Indexed Job with a headless Service, or a TFJob."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from pipeline.kubeflow.settings import ContainerSettings
from pipeline.kubeflow.training.plan import Plan
from trainer.distribution import ENVIRONMENT, THREADS_VARIABLE

ACCOUNT = "sluice-training"  # of the pods; it has no rights
ATTEMPT = "sluice/attempt"  # annotation: which attempt made the object
PORT = 2222  # the one that Kubeflow's training operator uses
_INDEX = "JOB_COMPLETION_INDEX"
_CONTAINER = "tensorflow"  # the operator gives TF_CONFIG to the container of this name
_GRACE_SECONDS = 5  # a worker has nothing to finish: checkpoints are written between epochs
_DEADLINE_MARGIN_SECONDS = 120  # whoever started the Job ends it first, and says why
_KEPT_SECONDS = 3600  # a finished Job that nobody deleted
_NO_SIDECAR = {"sidecar.istio.io/inject": "false"}  # it would never end, and stands between workers


@dataclasses.dataclass(frozen=True)
class Name:
    """What an object of a training is called, and to whom it belongs.

    Attributes:
        job: Name of the Job.
        pipeline: Name of the pipeline.
        attempt: Which attempt makes it.
        pod: Name of the pod that makes it; the object goes where this pod goes.
        pod_uid: Its unique id.
    """

    job: str
    pipeline: str
    attempt: str
    pod: str
    pod_uid: str

    def metadata(self) -> dict[str, Any]:
        """The object's metadata."""
        owner = {"apiVersion": "v1", "kind": "Pod", "name": self.pod, "uid": self.pod_uid}
        return {
            "name": self.job,
            "labels": self.labels(),
            "annotations": {ATTEMPT: self.attempt},
            "ownerReferences": [owner],
        }

    def labels(self) -> dict[str, str]:
        """Kubernetes' recommended labels."""
        return {
            "app.kubernetes.io/name": "sluice-training",
            "app.kubernetes.io/instance": self.job,
            "app.kubernetes.io/part-of": self.pipeline.rstrip("-"),  # as a label's value must end
            "app.kubernetes.io/managed-by": "sluice",
        }


def job(plan: Plan, name: Name, path: str) -> dict[str, Any]:
    """An Indexed Job: a pod for each worker, all ended when one fails.

    It starts no pod again by itself: a worker that comes back alone cannot join a training that
    its peers have left. Whoever made the Job starts all of them again, from the checkpoint.

    Args:
        plan: What the pods are.
        name: What it is called.
        path: The file that holds the training job.
    """
    hosts = [f"{name.job}-{index}.{name.job}:{PORT}" for index in range(plan.workers)]
    place = '"task": {"type": "worker", "index": $(' + _INDEX + ")}"
    annotation = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    variables: list[dict[str, Any]] = [
        {"name": _INDEX, "valueFrom": {"fieldRef": {"fieldPath": annotation}}},
        {"name": "TF_CONFIG", "value": f'{{"cluster": {json.dumps({"worker": hosts})}, {place}}}'},
    ]
    template = _template(plan, name, path, variables)
    template["spec"]["subdomain"] = name.job
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": name.metadata(),
        "spec": {
            "completionMode": "Indexed",
            "completions": plan.workers,
            "parallelism": plan.workers,
            "backoffLimit": 0,
            "activeDeadlineSeconds": _deadline(plan),
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": template,
        },
    }


def service(name: Name) -> dict[str, Any]:
    """The headless Service under which the pods of a Job find each other, ready or not."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": name.metadata(),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"job-name": name.job},
            "ports": [{"name": "tensorflow", "port": PORT}],
        },
    }


def tf_job(plan: Plan, name: Name, path: str) -> dict[str, Any]:
    """The same for Kubeflow's training operator, which gives the pods names and TF_CONFIG."""
    template = _template(plan, name, path, [])
    del template["spec"]["restartPolicy"]  # the operator sets it from its own
    worker = {"replicas": plan.workers, "restartPolicy": "Never", "template": template}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": name.metadata(),
        "spec": {
            "successPolicy": "AllWorkers",
            "runPolicy": {
                "backoffLimit": 0,
                "cleanPodPolicy": "Running",  # failed ones stay, to be asked why
                "activeDeadlineSeconds": _deadline(plan),
                "ttlSecondsAfterFinished": _KEPT_SECONDS,
            },
            "tfReplicaSpecs": {"Worker": worker},
        },
    }


def _deadline(plan: Plan) -> int:
    return round(60 * plan.pods.timeout_minutes) + _DEADLINE_MARGIN_SECONDS


def _template(plan: Plan, name: Name, path: str, variables: list[dict[str, Any]]) -> dict[str, Any]:
    pods = plan.pods
    claims = [(f"volume-{i}", volume) for i, volume in enumerate(plan.volumes)]
    container = {
        "name": _CONTAINER,
        "image": plan.image,
        "command": ["python", "-m", "trainer.worker", path],
        "env": [*variables, *_environment(pods)],
        "ports": [{"name": "tfjob-port", "containerPort": PORT}],
        "resources": _resources(pods),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": key, "mountPath": volume.path} for key, volume in claims],
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "containers": [container],
        "volumes": [
            {"name": key, "persistentVolumeClaim": {"claimName": volume.claim}}
            for key, volume in claims
        ],
    }
    if pods.node_selector:
        spec["nodeSelector"] = dict(pods.node_selector)
    if pods.tolerations:
        spec["tolerations"] = [one.manifest() for one in pods.tolerations]
    labels = name.labels() | _NO_SIDECAR
    return {"metadata": {"labels": labels, "annotations": _NO_SIDECAR}, "spec": spec}


def _environment(pods: ContainerSettings) -> list[dict[str, Any]]:
    values = ENVIRONMENT | {THREADS_VARIABLE: str(_cores(pods.cpu))} | pods.environment
    plain = [{"name": key, "value": value} for key, value in sorted(values.items())]
    secret = [
        {
            "name": key,
            "valueFrom": {"secretKeyRef": {"name": source.secret, "key": source.key}},
        }
        for key, source in sorted(pods.secrets.items())
    ]
    return plain + secret


def _cores(cpu: str) -> int:
    """Whole cores of a request: as many threads, so that pods on one machine do not collide."""
    return math.ceil(int(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)) or 1


def _resources(pods: ContainerSettings) -> dict[str, Any]:
    limits = {"memory": pods.memory}
    if pods.gpus:
        limits[pods.gpu_resource] = str(pods.gpus)
    return {"requests": {"cpu": pods.cpu} | limits, "limits": limits}
