"""The cluster: its API server, its Jobs, and the file that tells clients of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.kubeflow.local_cluster import jobs
from pipeline.kubeflow.local_cluster.objects import MissingError, Object, Objects
from pipeline.kubeflow.local_cluster.server import Server
from pipeline.kubeflow.processes import Machine
from pipeline.kubeflow.specification import Container
from pipeline.kubeflow.training.plan import Plan


@contextlib.contextmanager
def beside(containers: Sequence[Container], machine: Machine) -> Iterator[list[Container]]:
    """The containers, those that start pods with a cluster to start them in while this is open.

    Args:
        containers: All of a run.
        machine: What they and the pods run on.
    """
    if not any(container.fields for container in containers):
        yield list(containers)
        return
    with LocalCluster(machine) as cluster:
        told = {"KUBECONFIG": str(cluster.kubeconfig)}
        yield [
            dataclasses.replace(one, environment={**one.environment, **told}) if one.fields else one
            for one in containers
        ]


def pods_started_by(containers: Sequence[Container]) -> list[Container]:
    """The pods that containers will start, as far as their secrets are concerned."""
    plans = {one.name: one.argument("--training") for one in containers}
    return [
        Container(
            name=f"pods of {name}",
            command=(),
            secrets={
                variable: f"{source.secret}/{source.key}"
                for variable, source in Plan.model_validate_json(text).pods.secrets.items()
            },
        )
        for name, text in plans.items()
        if text
    ]


class LocalCluster:
    """While open, a cluster whose pods run on this machine; then none of them runs on."""

    def __init__(self, machine: Machine, definitions: Sequence[str] = ()) -> None:
        """Takes what its pods run on.

        Args:
            machine: What its pods run on.
            definitions: Custom resources, such as `tfjobs`, whose objects it keeps for an operator
                to act upon.
        """
        self.objects = Objects()
        self._machine = machine
        self._kept = {"services", *definitions}
        self._closing = threading.Event()
        self._jobs: list[jobs.RunningJob] = []
        self._server = Server(self.objects, secrets.token_urlsafe(32), self._created, self._log_of)
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-cluster-")

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def kubeconfig(self) -> Path:
        """The file that KUBECONFIG names; only this user can read it."""
        return Path(self._folder.name) / "config"

    def __enter__(self) -> Self:
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(kubeconfig(self.url, self._server.token)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for job in self._jobs:
            job.join()
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def _created(self, resource: str, made: Object) -> None:
        if resource not in self._kept | {"jobs"}:
            raise MissingError(f"nothing here acts upon {resource}")
        if resource == "jobs":
            jobs.check(made)
            job = jobs.RunningJob(made, self.objects, self._machine, self._closing)
            job.start_pods()
            self._jobs.append(job)
            job.start()

    def _log_of(self, pod: str, lines: int) -> str:
        self.objects.read("pods", pod)
        log = self._machine.logs / f"{pod}.log"
        written = log.read_text(errors="replace") if log.exists() else ""
        return "".join(written.splitlines(keepends=True)[-lines:])


def kubeconfig(url: str, token: str) -> Object:
    """What a client must know of an API server."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": {"server": url}}],
        "users": [{"name": "sluice", "user": {"token": token}}],
        "contexts": [
            {
                "name": "local",
                "context": {"cluster": "local", "user": "sluice"},
            }
        ],
        "current-context": "local",
    }
