"""Indexed Jobs: a pod for each index, ended together when one fails or the time is over."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from pipeline.kubeflow.local_cluster.objects import MissingError, Object, Objects
from pipeline.kubeflow.local_cluster.pods import Pod
from pipeline.kubeflow.processes import Machine
from trainer.distribution import free_ports

INDEX = "batch.kubernetes.io/job-completion-index"
_POLL_SECONDS = 0.05


class UnsupportedError(ValueError):
    """The manifest asks for what this cluster cannot do."""


class RunningJob(threading.Thread):
    """One Job from its creation to its deletion."""

    def __init__(self, job: Object, objects: Objects, machine: Machine, closing: threading.Event):
        """Takes a Job that was created, and what it needs; it ends when `closing` is set."""
        name = job["metadata"]["name"]
        super().__init__(name=f"job {name}", daemon=True)
        self._job = job
        self._key = "jobs", name
        self._objects = objects
        self._machine = machine
        self._closing = closing
        self._pods: list[Pod] = []

    def start_pods(self) -> None:
        """Starts its pods."""
        localized = addresses(self._job, self._objects)
        try:
            for manifest in pods_of(self._job):
                made = self._objects.create("pods", manifest)
                self._pods.append(Pod(made, self._machine, localized))
        except BaseException:
            self._end_pods()
            raise

    def run(self) -> None:
        """Goes with its pods to their end, and to its own."""
        limit = self._job["spec"].get("activeDeadlineSeconds", float("inf"))
        deadline = time.monotonic() + limit
        ended = False
        while not (self._closing.is_set() or self._is_deleted()):
            self._tell_pods()
            if not ended:
                ended = self._judge(time.monotonic() > deadline)
            self._closing.wait(_POLL_SECONDS)
        self._end_pods()
        self._objects.remove(*self._key)

    def _end_pods(self) -> None:
        for pod in self._pods:
            pod.end()
            self._objects.remove("pods", pod.name)

    def _is_deleted(self) -> bool:
        return "deletionTimestamp" in self._objects.read(*self._key)["metadata"]

    def _tell_pods(self) -> None:
        for pod in self._pods:
            status = pod.status()

            def tell(found: Object, status: dict[str, Any] = status) -> None:
                found["status"] = status

            if self._objects.read("pods", pod.name).get("status") != status:
                self._objects.change("pods", pod.name, tell)

    def _judge(self, too_late: bool) -> bool:
        codes = [pod.exit_code for pod in self._pods]
        if all(code == 0 for code in codes):
            return self._end("Complete", "", "")
        if any(codes):
            return self._end("Failed", "BackoffLimitExceeded", "Job has reached the backoff limit")
        if too_late:
            return self._end("Failed", "DeadlineExceeded", "Job was active longer than deadline")
        return False

    def _end(self, kind: str, reason: str, message: str) -> bool:
        """Ends the pods that are left, and tells how the others and then the Job ended."""
        running = [pod for pod in self._pods if pod.exit_code is None]
        self._pods = [pod for pod in self._pods if pod not in running]
        for pod in running:
            pod.end()
            self._objects.remove("pods", pod.name)
        self._tell_pods()
        condition = {"type": kind, "status": "True", "reason": reason, "message": message}

        def tell(found: Object) -> None:
            found["status"] = {"conditions": [condition]}

        self._objects.change(*self._key, tell)
        return True


def check(job: Object) -> None:
    """Refuses a Job that would run otherwise here than in a cluster.

    Raises:
        UnsupportedError: It is none of an Indexed Job whose pods are started once.
    """
    spec = job["spec"]
    if spec.get("completionMode") != "Indexed" or spec.get("backoffLimit", 6) != 0:
        raise UnsupportedError("only Jobs with completionMode Indexed and backoffLimit 0 run here")
    if spec.get("parallelism", 1) != spec.get("completions"):
        raise UnsupportedError("only Jobs whose pods all run at once run here")


def pods_of(job: Object) -> list[Object]:
    """The pods that Kubernetes makes of an Indexed Job."""
    name, template = job["metadata"]["name"], job["spec"]["template"]
    labels = template["metadata"].get("labels", {}) | {"job-name": name}
    annotations = template["metadata"].get("annotations", {})
    tail = job["metadata"]["uid"][:5]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{index}-{tail}",
                "namespace": job["metadata"].get("namespace", ""),
                "labels": labels,
                "annotations": annotations | {INDEX: str(index)},
            },
            "spec": template["spec"],
        }
        for index in range(job["spec"]["completions"])
    ]


def addresses(job: Object, objects: Objects) -> Callable[[str], str]:
    """Exchanges the pods' host names in a text for ports of this machine.

    A name is known where a headless Service of the pods' subdomain selects them, as in a cluster.
    """
    name, pod = job["metadata"]["name"], job["spec"]["template"]["spec"]
    try:
        service = objects.read("services", pod.get("subdomain", ""))["spec"]
    except MissingError:
        return str
    if service.get("clusterIP") != "None" or service.get("selector") != {"job-name": name}:
        return str
    count = job["spec"]["completions"]
    [port] = [one["containerPort"] for one in pod["containers"][0]["ports"]]
    known = {
        f"{name}-{index}.{pod['subdomain']}:{port}": f"127.0.0.1:{here}"
        for index, here in enumerate(free_ports(count))
    }
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, known))})(?!\d)")
    return lambda text: pattern.sub(lambda match: known[match[1]], text)
