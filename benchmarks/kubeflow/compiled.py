"""A pipeline compiled for Kubeflow and run from what was compiled, each container a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.kubeflow.mariadb import MariaDb
from benchmarks.processes import SideError
from pipeline.kubeflow.specification import read_containers
from pipeline.lineage import Lineage
from pipeline.loading import load_settings

_SLUICE = Path(sys.executable).with_name("sluice")


@dataclass(frozen=True)
class Compiled:
    """A pipeline whose metadata lie in MariaDB; its password is in the environment.

    Attributes:
        folder: Where its settings, what was compiled and its root folder lie; a volume.
        settings: Its settings, without the section for Kubeflow and the root folder.
        server: Where its metadata lie.
        data: Folders of its data; volumes too.
    """

    folder: Path
    settings: Mapping[str, Any]
    server: MariaDb
    data: Sequence[Path] = ()

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "compiled.yaml"

    @property
    def root(self) -> Path:
        """Its root folder."""
        return self.folder / "root"

    @property
    def _file(self) -> Path:
        return self.folder / "pipeline.yaml"

    def compile(self) -> None:
        """Writes the settings and compiles them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kubeflow = {
            "image": "shop/sluice:1",
            "volumes": [
                {"claim": f"volume-{number}", "path": str(folder)}
                for number, folder in enumerate([self.folder, *self.data])
            ],
            "metadata": self.server.settings,
            "containers": {"retries": 0},
        }
        settings = {**self.settings, "root": str(self.root), "kubeflow": kubeflow}
        self.config.write_text(yaml.safe_dump(settings))
        sluice("compile", "--config", self.config, "--out", self._file)

    def nodes(self) -> list[str]:
        """Its nodes in the order in which they run one after the other."""
        containers = read_containers(self._file, "any", {})
        return [one.name for one in containers if one.argument("--node-id")]

    def run(self) -> dict[str, Any]:
        """Runs all containers to their end; what `sluice run --json` prints."""
        told: dict[str, Any] = json.loads(sluice(*self._run))
        return told

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Starts a run."""
        with log.open("wb") as output:
            return subprocess.Popen(
                [_SLUICE, *map(str, self._run)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def _run(self) -> Sequence[str | Path]:
        return "run", "--from-ir", self._file, "--json"

    def lineage(self) -> Lineage:
        """What the metadata hold.

        Raises:
            SideError: There are none.
        """
        found = Lineage.of(load_settings(self.config))
        if found is None:
            raise SideError(f"a run leaves metadata in {self.server.settings}. Received: none.")
        return found


def sluice(*arguments: str | Path) -> str:
    """What a verb of the command prints on standard output.

    Raises:
        SideError: It failed.
    """
    call = [str(_SLUICE), *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SideError(
            f"`sluice {arguments[0]}` must end with code 0. Received: {done.returncode}, with:\n"
            f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
    return str(done.stdout)
