"""The workers of a training as pods: started, watched, asked why they failed, and removed."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from pipeline.errors import RunError
from pipeline.kubeflow.training import manifests, states
from pipeline.kubeflow.training.client import JOBS, SERVICES, TF_JOBS, Api
from pipeline.kubeflow.training.plan import POD_VARIABLES, Plan
from trainer.job import Job

_LOOK_SECONDS = 30.0  # between two looks at a Job of which no event comes
_GONE_SECONDS = 300.0  # that an old Job's pods may take to end
_CLEAN_UP_SECONDS = 10.0  # a pod that is told to end has half a minute
_EXPORT_SECONDS = 60.0  # until a file shows up that another machine wrote to a shared volume
_TRIES = 3
_LOG_LINES = 500

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Starter:
    """The pod that starts the pods of a training.

    Attributes:
        pod: Its name.
        uid: Its unique id.
        namespace: Where it is.
    """

    pod: str
    uid: str
    namespace: str

    @classmethod
    def from_environment(cls) -> Starter:
        """This pod.

        Raises:
            RunError: Kubernetes did not say which it is.
        """
        if missing := [name for name in POD_VARIABLES if name not in os.environ]:
            raise RunError(
                "a node that starts pods is told which pod it is. Received: no "
                f"{', '.join(missing)}. Run what `sluice compile` wrote, on a release of Kubeflow "
                "Pipelines that fills in `fieldPathAsEnv`."
            )
        return cls(*(os.environ[name] for name in POD_VARIABLES))


class Pods:
    """Workers of the trainings of one node as pods; there is one Job at any time."""

    def __init__(self, plan: Plan, job_name: str, pipeline: str, starter: Starter, api: Api):
        """Takes what the pods are, what their Job is called, who starts them, and the API."""
        self._plan = plan
        self._name = job_name
        self._pipeline = pipeline
        self._starter = starter
        self._api = api
        self._kind = states.JOB if plan.kind == "Job" else states.TF_JOB
        self._resource = JOBS if plan.kind == "Job" else TF_JOBS

    @property
    def restarts(self) -> int:
        """How often a training with a failed pod is started again."""
        return self._plan.pods.retries

    def remove(self) -> None:
        """Removes the pods that an attempt before left; returns when they are gone.

        Raises:
            RunError: Kubernetes' API refuses or does not answer, or they do not end.
        """
        self._remove(self._resource)

    def run(self, job: Job, path: Path) -> str | None:
        """Runs all pods to their end, from the job's backup where there is one.

        Returns:
            Which pod failed and how, after its log was written to this one's; None where all ended
            well and the chief's model is there.

        Raises:
            RunError: Kubernetes' API refuses or does not answer, somebody else removed the Job, an
                old one does not end, or the model is not where the chief wrote it.
        """
        name = manifests.Name(
            job=self._name,
            pipeline=self._pipeline,
            attempt=uuid.uuid4().hex,
            pod=self._starter.pod,
            pod_uid=self._starter.uid,
        )
        try:
            self._start(name, str(path))
            failed = self._watch(name.attempt)
        finally:
            self._clean_up(name.attempt)
        if failed is None:
            _check_export(job)
        return failed

    def _start(self, name: manifests.Name, path: str) -> None:
        if self._plan.kind == "Job":
            self._put(SERVICES, manifests.service(name))
            made = self._put(self._resource, manifests.job(self._plan, name, path))
        else:
            made = self._put(self._resource, manifests.tf_job(self._plan, name, path))
        logger.info("started %d workers: %s %s", self._plan.workers, made, self._name)

    def _put(self, resource: str, manifest: dict[str, Any]) -> str:
        """Creates an object in the place of what an attempt before left under its name."""
        mine = manifest["metadata"]["annotations"][manifests.ATTEMPT]
        for _ in range(_TRIES):
            self._remove(resource)
            if self._api.create(resource, manifest):
                break
            found = self._api.read(resource, self._name)
            if found and _attempt_of(found) == mine:
                break  # ours after all: the answer to its creation got lost
        else:
            raise RunError(
                "a node has one attempt at a time. Received: another one that keeps making "
                f"{manifest['kind']} {self._name}. End that other pod, and run again."
            )
        return str(manifest["kind"])

    def _remove(self, resource: str) -> None:
        """Removes an object and waits until everything that it made is gone.

        Two trainings in the same folder would spoil each other's checkpoints.
        """
        self._api.delete(resource, self._name)
        deadline = time.monotonic() + _GONE_SECONDS
        while found := self._api.read(resource, self._name):
            if time.monotonic() > deadline:
                raise RunError(
                    f"the pods of an attempt before must end. Received: {found['kind']} "
                    f"{self._name}, which is still there {_GONE_SECONDS:g} s after it was "
                    "deleted. See whether a machine of the cluster is gone; delete its pods by "
                    "force, and run again."
                )
            logger.info("waiting for the %s of an attempt before to be gone", found["kind"])
            self._api.wait_for_change(resource, found, _LOOK_SECONDS)

    def _watch(self, attempt: str) -> str | None:
        """Waits for the end of the Job; says what failed."""
        deadline = time.monotonic() + 60.0 * self._plan.pods.timeout_minutes
        said = ""
        while True:
            found = self._api.read(self._resource, self._name)
            if found is None or _attempt_of(found) != attempt:
                raise RunError(
                    f"a training's Job stays until it ends. Received: {self._name}, which somebody "
                    "else deleted. Run again; the training of this node begins anew."
                )
            ended = self._kind.ended(found)
            pods = self._api.pods(self._kind.selector(self._name))
            if ended or time.monotonic() > deadline:
                return self._judged(ended, pods)
            summary = self._kind.summary(pods)
            if summary != said:
                logger.info("%s", summary)
                said = summary
            left = max(1.0, min(_LOOK_SECONDS, deadline - time.monotonic()))
            self._api.wait_for_change(self._resource, found, left)

    def _judged(self, ended: states.End | None, pods: list[dict[str, Any]]) -> str | None:
        """Writes the logs that matter to this process's own; says what failed, or None."""
        told = self._kind.chief(pods) if ended and ended.well else self._kind.failed(pods)
        for pod in told:
            log = self._api.log(pod["metadata"]["name"], _LOG_LINES)
            sys.stderr.write(f"--- {self._kind.label(pod)}\n{log}\n")
        sys.stderr.flush()
        if ended and ended.well:
            return None
        if ended is None:
            limit = self._plan.pods.timeout_minutes
            return f"it took longer than {limit} min with {self._kind.summary(pods)}"
        return ", ".join(map(self._kind.label, told)) or f"{ended.reason}: {ended.message}"

    def _clean_up(self, attempt: str) -> None:
        """Removes what an attempt made, as well as that can be done in a pod's last seconds."""
        for resource in (self._resource, *([SERVICES] if self._plan.kind == "Job" else ())):
            try:
                found = self._api.read(resource, self._name, patience=_CLEAN_UP_SECONDS)
                if found and _attempt_of(found) == attempt:
                    uid = found["metadata"]["uid"]
                    self._api.delete(resource, self._name, uid, patience=_CLEAN_UP_SECONDS)
            except RunError as error:
                # It belongs to this pod and goes with it; the error before this one matters more.
                logger.warning("%s was not removed: %s", self._name, error)


def _attempt_of(found: dict[str, Any]) -> str | None:
    attempt: str | None = found["metadata"].get("annotations", {}).get(manifests.ATTEMPT)
    return attempt


def _check_export(job: Job) -> None:
    """Waits for the chief's model to show up here.

    Raises:
        RunError: It does not.
    """
    model = Path(job.model_dir) / "saved_model.pb"
    deadline = time.monotonic() + _EXPORT_SECONDS
    while not model.exists():
        if time.monotonic() > deadline:
            raise RunError(
                "the chief leaves the model where the node looks for it. Received: a training that "
                f"ended well, and no {model}. See that the claims of `kubeflow.volumes` can be "
                "mounted by several pods at once (ReadWriteMany), and compile again."
            )
        time.sleep(1.0)
