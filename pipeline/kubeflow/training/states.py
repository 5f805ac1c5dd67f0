"""What the states of Jobs, TFJobs and their pods mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

_Object = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class End:
    """How a Job ended.

    Attributes:
        well: True where every worker did.
        reason: The controller's word for it.
        message: Its sentence.
    """

    well: bool
    reason: str = ""
    message: str = ""


@dataclasses.dataclass(frozen=True)
class Kind:
    """Where a kind of Job says what.

    Attributes:
        good: Type of the condition of a Job whose workers all ended well.
        job_label: Label of its pods that holds its name.
        index_label: Label or annotation of its pods that holds the worker's index.
    """

    good: str
    job_label: str
    index_label: str

    def selector(self, name: str) -> str:
        """Label selector of a Job's pods."""
        return f"{self.job_label}={name}"

    def ended(self, job: _Object) -> End | None:
        """How it ended; None while it runs."""
        for condition in job.get("status", {}).get("conditions") or ():
            if condition["status"] == "True" and condition["type"] in (self.good, "Failed"):
                return End(
                    condition["type"] == self.good,
                    condition.get("reason", ""),
                    condition.get("message", ""),
                )
        return None

    def chief(self, pods: Sequence[_Object]) -> list[_Object]:
        """The chief's pod."""
        return [pod for pod in pods if self._index(pod) == "0"]

    def failed(self, pods: Sequence[_Object]) -> list[_Object]:
        """The pods that failed."""
        return [pod for pod in pods if pod.get("status", {}).get("phase") == "Failed"]

    def label(self, pod: _Object) -> str:
        """A worker and its state: `worker 1 failed with exit code 137 (OOMKilled)`."""
        return f"worker {self._index(pod)} {_state(pod.get('status', {}))}"

    def summary(self, pods: Sequence[_Object]) -> str:
        """All workers and their states."""
        ordered = sorted(pods, key=self._index)
        return "; ".join(map(self.label, ordered)) or "no pods"

    def _index(self, pod: _Object) -> str:
        metadata = pod["metadata"]
        found = metadata.get("labels", {}) | metadata.get("annotations", {})
        return str(found.get(self.index_label, "?"))


JOB = Kind("Complete", "job-name", "batch.kubernetes.io/job-completion-index")
TF_JOB = Kind("Succeeded", "training.kubeflow.org/job-name", "training.kubeflow.org/replica-index")


def _state(status: _Object) -> str:
    phase = status.get("phase", "Unknown")
    containers = status.get("containerStatuses") or ()
    state = containers[0].get("state", {}) if containers else {}
    if phase == "Failed":
        ended = state.get("terminated", {})
        reason = status.get("reason") or ended.get("reason", "")
        code = f" with exit code {ended['exitCode']}" if "exitCode" in ended else ""
        return f"failed{code}" + (f" ({reason})" if reason else "")
    if phase == "Pending":
        waiting = state.get("waiting", {})
        reasons = [waiting] if waiting else status.get("conditions") or ()
        why = [f"{one['reason']}: {one.get('message', '')}" for one in reasons if "reason" in one]
        return "is pending" + (f" ({'; '.join(why)})" if why else "")
    return {"Running": "is running", "Succeeded": "ended well"}.get(phase, f"is {phase.lower()}")
