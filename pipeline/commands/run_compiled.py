"""`sluice run --from-ir`: what was compiled for Kubeflow, executed on this machine."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.commands.shared import Exit, pairs, print_json
from pipeline.errors import RunError

if TYPE_CHECKING:
    from pipeline.console import Console
    from pipeline.kubeflow.processes import Machine
    from pipeline.kubeflow.specification import Container
    from pipeline.kubeflow.surroundings import Volumes
    from pipeline.lineage import Lineage
    from pipeline.settings import Settings

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says beside the file.

    Attributes:
        mounts: `/path/in/container=folder` for each volume that lies elsewhere here.
        parameters: `name=value` for each parameter of the run.
        parallel: How many containers run at a time; by default one for each CPU core.
    """

    mounts: Sequence[str] = ()
    parameters: Sequence[str] = ()
    parallel: int | None = None


def run_compiled(path: Path, run_id: str, options: Options, as_json: bool) -> int:
    """Runs every container of a compiled pipeline as a process; returns the exit code."""
    from pipeline.kubeflow.local_cluster.cluster import pods_started_by
    from pipeline.kubeflow.processes import Machine
    from pipeline.kubeflow.specification import read_containers
    from pipeline.kubeflow.surroundings import Volumes, secret_values

    containers = read_containers(path, run_id, pairs(options.parameters, "--parameter"))
    mounts = {name: Path(folder) for name, folder in pairs(options.mounts, "--mount").items()}
    volumes = Volumes.for_mounts((m for one in containers for m in one.mounts), mounts)
    settings = _settings(containers, volumes)
    logs = settings.root / "logs" / run_id
    secrets = secret_values([*containers, *pods_started_by(containers)])
    machine = Machine(volumes, secrets, logs, options.parallel or os.cpu_count() or 1)
    return _run(path, settings, containers, machine, as_json)


def _run(
    path: Path, settings: Settings, containers: list[Container], machine: Machine, as_json: bool
) -> int:
    from pipeline.console import Console
    from pipeline.kubeflow.local_cluster.cluster import beside
    from pipeline.runners.interruption import Interruption
    from pipeline.runners.lock import shared
    from pipeline.runners.output import output_to

    settings.root.mkdir(parents=True, exist_ok=True)
    log = machine.logs / "run.log"
    with shared(settings.root), Interruption(), output_to(log) as real:
        console = Console(real.stderr if as_json else real.stdout)
        console.line(f"Sluice: running {settings.name} as compiled", "bold")
        console.facts({"compiled": str(path), "root": str(settings.root), "logs": str(log.parent)})
        console.line()
        with beside(containers, machine) as equipped:
            code, result = _run_containers(settings, equipped, machine, console)
    if as_json:
        print_json({"run_id": log.parent.name, "exit_code": int(code), "log": str(log), **result})
    return code


def _run_containers(
    settings: Settings, containers: list[Container], machine: Machine, console: Console
) -> tuple[Exit, dict[str, Any]]:
    from pipeline.kubeflow import processes
    from pipeline.summary import print_report, read_report, report_of_run, restore_report

    try:
        with console.board(len(containers)) as board:
            states = processes.run(containers, machine, board)
    except KeyboardInterrupt:
        console.line()
        console.line("Interrupted. Finished nodes are kept; the same command goes on from there.")
        return Exit.INTERRUPTED, {"error": "interrupted"}
    except processes.ContainerError as error:
        logger.exception("the run failed")
        console.line()
        console.line(str(error), "bold red")
        console.line("  Each container has a log of its own: see the folder above.")
        return Exit.FAILURE, {"error": str(error)}
    lineage = _lineage(settings, containers)
    restore_report(settings, lineage)
    report = read_report(settings, report_of_run(lineage, machine.logs.name) if lineage else None)
    console.line()
    print_report(console, report)
    return (
        Exit.OK if report.served else Exit.WITHHELD,
        {"nodes": states, "report": str(report.page), **report.facts},
    )


def _settings(containers: list[Container], volumes: Volumes) -> Settings:
    """The settings that were compiled, with local paths."""
    from pipeline.settings import Settings

    for container in containers:
        if text := container.argument("--settings"):
            return Settings.model_validate_json(volumes.localized(text))
    raise RunError(
        "a compiled pipeline starts with a container that has the settings. Received: a file "
        "without it. Compile it again: sluice compile --config FILE --out FILE."
    )


def _lineage(settings: Settings, containers: list[Container]) -> Lineage | None:
    """The metadata that the containers wrote to."""
    from pipeline.kubeflow.settings import MetadataSettings
    from pipeline.lineage import Lineage

    told = MetadataSettings.model_validate_json(containers[0].argument("--metadata") or "{}")
    return Lineage.at(told, settings.root, settings.name)
