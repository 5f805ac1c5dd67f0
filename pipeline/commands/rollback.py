"""`sluice rollback`: the served model is an earlier one again."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from components.pusher.rollback import RolledBack

EXAMPLES = (
    "sluice rollback --config my.yaml",
    "sluice rollback --config my.yaml --to 1763918001",
    "sluice rollback --config my.yaml --json | jq .served_version",
)

To = Annotated[
    int | None,
    typer.Option(
        "--to", metavar="VERSION", help="Version to go back to [the one before what is served]."
    ),
]


def rollback(config: Config, to: To = None, as_json: Json = False) -> None:
    """Serve an earlier version again.

    Its bytes are published once more, under a new and higher number, and the labels `canary` and
    `stable` move there. So a server that serves the newest version follows without a restart and
    without a gap, and no version number ever goes backwards. A version that is not what its
    manifest lists is refused, or passed over where none is named. Used again, it goes one version
    further back; where it was killed before it said what it did, it is finished. The version that
    was left stays, and `--to` brings it back.
    """
    with errors_reported(as_json):
        from components.pusher.rollback import roll_back
        from pipeline.loading import load_settings
        from pipeline.serving_folder import serving_folder

        settings = load_settings(config)

        def report(done: RolledBack) -> None:
            if as_json:
                print_json(_facts(done))
            else:
                _print(settings.name, done)
            sys.stdout.flush()

        roll_back(serving_folder(settings), to=to, now=int(time.time()), report=report)


def _facts(done: RolledBack) -> dict[str, object]:
    return {
        "served_before": done.before,
        "served_version": done.published.version,
        "copy_of": done.target,
        "path": str(done.published.path),
    }


def _print(name: str, done: RolledBack) -> None:
    from pipeline.console import Console

    console = Console(sys.stdout)
    console.line(f"{name}: rolled back", "bold")
    console.facts(
        {
            "served before": str(done.before),
            "served now": f"{done.published.version}, byte for byte version {done.target}",
            "labels": f"canary and stable are {done.published.version}",
            "servers": "those that serve the newest version follow when they next look at "
            f"{done.published.path.parent}",
        }
    )
