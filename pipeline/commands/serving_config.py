"""`sluice serving-config`: what TensorFlow Serving and the platform around it read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.shared import Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.deployment.models_config import Step
    from pipeline.settings import Settings

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
    with errors_reported():
        from pipeline.deployment.models_config import is_last
        from pipeline.deployment.rendering import render, write
        from pipeline.deployment.settings import ServingSettings
        from pipeline.gate_overrides import gates_with
        from pipeline.loading import load_settings

        settings = load_settings(config) if config else None
        serving = settings.serving if settings else ServingSettings()
        step, wanted = _step(settings, out)
        gates = gates_with(settings.gates if settings else {})
        files = render(serving, step, gates)
        write(files, out)
        facts: dict[str, Any] = {
            "out": str(out),
            "files": sorted(files),
            "versions": sorted(step.versions),
            "labels": dict(step.labels),
            "wanted_labels": wanted,
            "settled": is_last(step, wanted),
        }
        print_json(facts) if as_json else _print(facts)


def _step(settings: Settings | None, out: Path) -> tuple[Step, dict[str, int]]:
    """The next step from the file that is there, and the labels it leads to."""
    from components.pusher import labels
    from pipeline.deployment.models_config import NEWEST, next_step, parse
    from pipeline.serving_folder import serving_folder

    if settings is None or settings.serving.rollout is labels.Rollout.NEWEST:
        return NEWEST, {}
    given = labels.read(serving_folder(settings))
    wanted = {label.value: version for label, version in given.items()}
    path = out / "models.config"
    before = parse(path.read_text(encoding="utf-8")) if path.is_file() else NEWEST
    return next_step(before, wanted), wanted


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
    if not facts["settled"]:
        console.line(
            "Labels move step by step. Apply this, wait until every server has all these versions "
            "AVAILABLE, and render again."
        )
