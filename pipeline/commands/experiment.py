"""`sluice experiment`: what is tried out on users, and what came of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from components.experiments.result import Result
    from pipeline.console import Console

PUBLISH = (
    "sluice experiment publish --config my.yaml",
    "sluice experiment publish --config my.yaml --json | jq .path",
)
REPORT = (
    "sluice experiment report new-ranker --config my.yaml --open",
    "sluice experiment report new-ranker --config my.yaml --json | jq .findings",
)


def publish(config: Config, as_json: Json = False) -> None:
    """Write the experiments of the settings for the clients.

    They read `serving/experiments.json` below the root folder; those that run take a change within
    seconds. To ramp up, let `users` of an experiment end later; to end it, write `stopped: true`.
    A change that would move users from one arm to another is refused.
    """
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.experiments.publishing import plan_path
        from pipeline.experiments.publishing import publish as write
        from pipeline.loading import load_settings

        settings = load_settings(config)
        plan = write(settings)
        path = plan_path(settings)
        if as_json:
            names = [one.name for one in plan.experiments if not one.stopped]
            print_json({"path": str(path), "running": names})
            return
        console = Console(sys.stdout)
        console.table(
            ["experiment", "layer", "users", "arms"],
            [
                [
                    one.name,
                    one.layer,
                    "stopped" if one.stopped else f"{one.users[0]:.1%} to {one.users[1]:.1%}",
                    ", ".join(arm.name for arm in one.arms),
                ]
                for one in plan.experiments
            ],
        )
        console.line(f"Clients read {path}.")


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The experiment.")],
    config: Config,
    log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The log; by default below the root folder.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Say what came of an experiment so far, and write its page.

    It reads the log that `sluice stream compact` writes. It may be looked at every day: its
    intervals hold on all days together. Where the arms do not have the users that they should,
    nothing is concluded.
    """
    with errors_reported(as_json):
        from components.report.experiment.words import stamp, verdict
        from pipeline.console import Console
        from pipeline.experiments.reporting import analyse_experiment, to_json, write_page
        from pipeline.loading import load_settings

        settings = load_settings(config)
        result = analyse_experiment(settings, name, log)
        page = write_page(settings, result)
        if as_json:
            print_json({**to_json(result), "page": str(page)})
        else:
            console = Console(sys.stdout)
            tone, word = stamp(result)
            console.line(word, {"good": "bold green", "bad": "bold red"}.get(tone, "bold"))
            console.line(verdict(result))
            _print_effects(console, result)
            console.line(f"Page: {page}")
        if open_page and typer.launch(str(page)):
            typer.echo("No browser could be started; open the page by hand.", err=True)


def _print_effects(console: Console, result: Result) -> None:
    rows = [(one.arm, one.look) for one in result.comparisons]
    if result.duel is not None:
        rows = [(result.design.arms[1][0], result.duel.look)]
    known = [(arm, look) for arm, look in rows if look is not None]
    if known:
        console.table(
            ["arm", "users", "difference", "lower", "upper", "p"],
            [
                [
                    arm,
                    f"{look.users:,}",
                    *(f"{value:.4g}" for value in (look.difference, look.lower, look.upper)),
                    f"{look.chance:.3g}",
                ]
                for arm, look in known
            ],
        )
