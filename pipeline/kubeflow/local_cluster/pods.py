"""A pod as a process: the command, variables and end that its manifest gives."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.kubeflow.process_groups import end_group
from pipeline.kubeflow.processes import Machine
from pipeline.kubeflow.surroundings import image_environment

_REFERENCE = re.compile(r"\$\((\w+)\)")
_FIELD = re.compile(r"metadata\.(?:(name|uid|namespace)|(labels|annotations)\['([^']+)'\])")


class Pod:
    """A running pod; `localized` exchanges addresses of the cluster for those of this machine."""

    def __init__(
        self, manifest: Mapping[str, Any], machine: Machine, localized: Callable[[str], str]
    ) -> None:
        self.name: str = manifest["metadata"]["name"]
        self.log = machine.logs / f"{self.name}.log"
        self._grace = float(manifest["spec"].get("terminationGracePeriodSeconds", 30))
        self._ended = False
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-")
        [container] = manifest["spec"]["containers"]
        own = variables(manifest, machine.secrets)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                container["command"],  # of paths here already: the node's command was localized
                cwd=self._folder.name,
                env=image_environment(Path(self._folder.name))
                | {name: localized(value) for name, value in own.items()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """As Kubernetes tells it: 128 and the number of the signal for a pod that was killed."""
        code = self._process.poll()
        if code is not None:
            self.end()  # what its process started ends with it
        return 128 - code if code is not None and code < 0 else code

    def end(self) -> None:
        """Ends it with all its processes: SIGTERM, and SIGKILL after its grace period."""
        if not self._ended:
            self._ended = True
            end_group(self._process, self._grace)
            self._folder.cleanup()

    def status(self) -> dict[str, Any]:
        """Its status, as Kubernetes has it."""
        code = self.exit_code
        if code is None:
            return _status("Running", {"running": {}})
        reason = "Error" if code else "Completed"
        ended = {"terminated": {"exitCode": code, "reason": reason}}
        return _status("Failed" if code else "Succeeded", ended)


def _status(phase: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {"phase": phase, "containerStatuses": [{"name": "tensorflow", "state": state}]}


def variables(manifest: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """The variables of a pod's container, by the rules of Kubernetes.

    `$(NAME)` in a value stands for a variable before it; where there is none it stays as it is.

    Args:
        manifest: The pod.
        secrets: Values of its secrets, by variable.
    """
    [container] = manifest["spec"]["containers"]
    found: dict[str, str] = {}
    for one in container.get("env", ()):
        source = one.get("valueFrom", {})
        if "fieldRef" in source:
            found[one["name"]] = _field(manifest["metadata"], source["fieldRef"]["fieldPath"])
        elif "secretKeyRef" in source:
            found[one["name"]] = secrets[one["name"]]
        else:
            found[one["name"]] = _REFERENCE.sub(
                lambda match: found.get(match[1], match[0]), one.get("value", "")
            )
    return found


def _field(metadata: Mapping[str, Any], path: str) -> str:
    match = _FIELD.fullmatch(path)
    if match is None:
        raise ValueError(f"a pod can be told its own metadata. Received: {path!r}.")
    plain, group, key = match.groups()
    return str(metadata[plain] if plain else metadata[group][key])
