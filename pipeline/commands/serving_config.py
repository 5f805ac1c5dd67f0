"""`sluice serving-config`: what TensorFlow Serving and the platform around it read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.shared import Json, errors_reported, print_json

EXAMPLES = (
    "sluice serving-config --config my.yaml --out deployment",
    "sluice serving-config --out serving_config",
)

OptionalConfig = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file [the defaults]."),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")]


def serving_config(out: Out, config: OptionalConfig = None, as_json: Json = False) -> None:
    """Render the configuration of the servers.

    For TensorFlow Serving: models, batching, monitoring and an example of TLS. Around it: docker
    compose, Kubernetes, alert rules, a dashboard and service-level objectives.

    With `serving: {rollout: canary}` labels move in steps, as TensorFlow Serving asks for: a new
    version is loaded first and gets its label the next time. It says whether there is a next time.
    """
    with errors_reported(as_json):
        from pipeline.deployment.following import step_towards
        from pipeline.deployment.image import how_to_fix
        from pipeline.deployment.models_config import NEWEST, is_last
        from pipeline.deployment.rendering import render, write
        from pipeline.deployment.settings import ServingSettings
        from pipeline.gate_overrides import gates_with
        from pipeline.loading import load_settings

        settings = load_settings(config) if config else None
        serving = settings.serving if settings else ServingSettings()
        step, wanted = step_towards(settings, out) if settings else (NEWEST, {})
        gates = gates_with(settings.gates if settings else {})
        files = render(serving, step, gates)
        write(files, out)
        facts: dict[str, Any] = {
            "out": str(out),
            "files": sorted(files),
            "image": serving.image,
            "image_remedy": how_to_fix(serving.image),
            "versions": sorted(step.versions),
            "labels": dict(step.labels),
            "wanted_labels": wanted,
            "settled": is_last(step, wanted),
        }
        print_json(facts) if as_json else _print(facts)


def _print(facts: dict[str, Any]) -> None:
    from pipeline.console import Console

    console = Console(sys.stdout)
    console.line(f"Wrote {len(facts['files'])} files to {facts['out']}.")
    if facts["versions"]:
        console.facts(
            {
                "versions": ", ".join(map(str, facts["versions"])),
                **{label: str(version) for label, version in facts["labels"].items()},
            }
        )
    if facts["image_remedy"]:
        console.line(facts["image_remedy"], "yellow")
    if not facts["settled"]:
        console.line(
            "Labels move step by step. Apply this, wait until every server has all these versions "
            "AVAILABLE, and render again."
        )
