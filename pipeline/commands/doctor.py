"""`sluice doctor`: what this machine and its cluster lack."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import Exit, Json, errors_reported, print_json

EXAMPLES = (
    "sluice doctor",
    "sluice doctor --config my.yaml --api http://localhost:8888 --json",
)

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file: its root and image."),
]
Api = Annotated[
    str | None, typer.Option("--api", metavar="URL", help="Kubeflow Pipelines' API to look at.")
]


def doctor(config: Config = None, api: Api = None, as_json: Json = False) -> None:
    """Look at the prerequisites of this machine and of a cluster, and say what is missing.

    Exits with 1 where something required is missing.
    """
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.diagnosis import findings
        from pipeline.loading import load_settings

        settings = load_settings(config) if config else None
        root = settings.root if settings else Path.cwd()
        console = Console(sys.stdout)
        found = []
        for finding in findings(root, api, settings.serving.image if settings else None):
            found.append(finding)
            if not as_json:
                sign = "ok" if finding.good else ("MISSING" if finding.required else "absent")
                style = "" if finding.good else ("bold red" if finding.required else "yellow")
                console.line(f"{sign:<8} {finding.name:<13} {finding.found}", style)
                if finding.remedy:
                    console.line(f"{'':<8} {'':<13} {finding.remedy}")
        well = all(finding.good for finding in found if finding.required)
        if as_json:
            print_json({"well": well, "findings": [dataclasses.asdict(one) for one in found]})
        raise typer.Exit(Exit.OK if well else Exit.FAILURE)
