"""`sluice canary`: a version that is tried out is watched, and withdrawn where it does worse."""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.shared import Config, Exit, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.settings import Settings

EXAMPLES = (
    "sluice canary --config my.yaml --metrics http://server:8501/monitoring/prometheus/metrics",
    "sluice canary --config my.yaml --metrics URL --rendered deployment --promote --json",
)

Pages = Annotated[
    list[str],
    typer.Option("--metrics", metavar="URL", help="Metrics page of a server; once for each."),
]
CanaryPages = Annotated[
    list[str] | None,
    typer.Option(
        "--canary-metrics",
        metavar="URL",
        help="Metrics page of a server that serves nothing but the canary; --metrics then are "
        "those of the others. TensorFlow Serving needs it: it does not count by version.",
    ),
]
Rendered = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="What `serving-config --out` wrote, to be rendered anew."),
]


def canary(
    config: Config,
    metrics: Pages,
    canary_metrics: CanaryPages = None,
    rendered: Rendered = None,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 1.0,
    promote: Annotated[bool, typer.Option("--promote", help="Promote it if it passes.")] = False,
    as_json: Json = False,
) -> None:
    """Watch the version that is canary, and withdraw it where it does worse than stable.

    It compares the shares of failed requests and of slow answers, look after look, by the bounds of
    `serving.canary` in the settings. Where the version does worse, the label canary goes back to
    the version of stable at once, and the exit code is 3; the version itself stays. With --rendered
    the servers' configuration follows in the same moment.
    """
    with errors_reported(as_json):
        from pipeline.canary.trial import end, trial
        from pipeline.loading import load_settings

        logging.basicConfig(level=logging.INFO)
        settings = load_settings(config)
        version, came = trial(settings, metrics, canary_metrics or [], every)
        done = end(settings, version, came, promote=promote)
        if rendered is not None and done in ("withdrawn", "promoted"):
            _render(settings, rendered)
        facts = {"version": version, "done": done, **dataclasses.asdict(came)}
        print_json(facts) if as_json else _print(facts)
        if done == "withdrawn":
            raise typer.Exit(Exit.WITHHELD)
        if done == "nothing":
            raise typer.Exit(Exit.FAILURE)


def _render(settings: Settings, out: Path) -> None:
    from pipeline.deployment.following import step_towards
    from pipeline.deployment.rendering import render, write
    from pipeline.gate_overrides import gates_with

    step, _ = step_towards(settings, out)
    write(render(settings.serving, step, gates_with(settings.gates)), out)


def _print(facts: dict[str, Any]) -> None:
    from pipeline.console import Console

    console = Console(sys.stdout)
    console.line(f"Version {facts['version']}: {facts['ending']}, {facts['done']}.", "bold")
    console.line(f"After {facts['seconds']:.1f} s: {facts['reason']}.")
