"""`sluice report`: where the report lies, and its gist; or two runs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import Json, errors_reported, print_json

EXAMPLES = (
    "sluice report --config my.yaml --open",
    "sluice report --config my.yaml --json | jq .verdict",
    "sluice report --config my.yaml --compare 20261123T17 20261124T09 --open",
    "sluice report --compare runs/old runs/new --json | jq '.metrics[0]'",
)


OptionalConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file; not needed to compare two root folders.",
    ),
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--compare",
        metavar="RUN_A RUN_B",
        help="Set two runs side by side, each a run's id (sluice status lists them) or a root "
        "folder: settings, data, metrics, verdicts.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Where the page of the comparison goes; else report/comparison.html in the root "
        "folder of the settings, or of RUN_B.",
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


def report(
    config: OptionalConfig = None,
    compare: Compare = None,
    out: Out = None,
    open_page: Open = False,
    as_json: Json = False,
) -> None:
    """Show the last report, and where its page lies.

    With --json it prints report.json as it is. With --compare it writes one page on two runs.
    """
    if config is None and compare is None:
        raise typer.BadParameter(
            "needed, unless two root folders are compared.", param_hint="--config"
        )
    with errors_reported(as_json):
        if compare is not None:
            page = _compare(config, compare, out, as_json=as_json)
        elif config is not None:
            page = _show(config, as_json=as_json)
        if open_page and typer.launch(str(page)):
            typer.echo("No browser could be started; open the page by hand.", err=True)


def _show(config: Path, *, as_json: bool) -> Path:
    """Prints the last report; returns its page."""
    from pipeline.console import Console
    from pipeline.lineage import Lineage
    from pipeline.loading import load_settings
    from pipeline.summary import latest_report, print_report

    settings = load_settings(config)
    found = latest_report(settings, Lineage.of(settings))
    if as_json:
        print_json(found.facts)
    else:
        print_report(Console(sys.stdout), found)
    return found.page


def _compare(
    config: Path | None, runs: tuple[str, str], out: Path | None, *, as_json: bool
) -> Path:
    """Writes the comparison and prints its gist; returns its page."""
    from components.report.comparison.sides import to_json
    from pipeline.comparing import compare_runs, print_comparison, write_page
    from pipeline.console import Console
    from pipeline.loading import load_settings

    settings = None if config is None else load_settings(config)
    comparison = compare_runs(runs, settings)
    root = Path(runs[1]).expanduser() if settings is None else settings.root
    page = out or root / "report" / "comparison.html"
    write_page(comparison, page)
    if as_json:
        print_json({**to_json(comparison), "page": str(page)})
    else:
        print_comparison(Console(sys.stdout), comparison, page)
    return page
