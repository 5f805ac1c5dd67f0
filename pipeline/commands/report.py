"""`sluice report`: where the report lies, and its gist."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

EXAMPLES = (
    "sluice report --config my.yaml --open",
    "sluice report --config my.yaml --json | jq .verdict",
)


def report(
    config: Config,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Show the last report, and where its page lies.

    With --json it prints report.json as it is.
    """
    with errors_reported():
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.summary import print_report, read_report

        found = read_report(load_settings(config))
        if as_json:
            print_json(found.facts)
        else:
            print_report(Console(sys.stdout), found)
        if open_page and typer.launch(str(found.page)):
            typer.echo("No browser could be started; open the page by hand.", err=True)
