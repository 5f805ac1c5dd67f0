"""`sluice run`: the whole pipeline on this machine."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.run_compiled import Options, run_compiled
from pipeline.commands.shared import Exit, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.console import Console
    from pipeline.runners.interruption import Interruption
    from pipeline.settings import Settings

logger = logging.getLogger(__name__)

EXAMPLES = (
    "sluice run --config my.yaml",
    "sluice run --config my.yaml --workers 2 --json > result.json",
    "sluice run --from-ir pipeline.yaml --mount /sluice=./volume",
)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings file.")
]
FromIr = Annotated[
    Path | None,
    typer.Option(
        "--from-ir", metavar="FILE", help="Run what `sluice compile` wrote, in place of --config."
    ),
]
Mounts = Annotated[
    list[str] | None,
    typer.Option(
        "--mount", metavar="PATH=FOLDER", help="With --from-ir: a volume's folder on this machine."
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", metavar="NAME=VALUE", help="With --from-ir: a parameter of the run."
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="With --from-ir: containers at a time [one for each CPU core]."
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Worker processes of each training [from the settings]."),
]


def run(
    config: Config = None,
    workers: Workers = None,
    from_ir: FromIr = None,
    mount: Mounts = None,
    parameter: Parameters = None,
    parallel: Parallel = None,
    as_json: Json = False,
) -> None:
    """Run the pipeline, from the log to a served model.

    Nodes whose inputs have not changed are taken from the cache, so a second run is quick, and a
    run that was interrupted goes on where it stopped. What libraries print goes to a log file.

    With --from-ir, the containers that Kubeflow would start run here as processes, each with the
    command, variables, retries and timeout that were compiled and no more than its container has.

    Exits with 3 where the run finished but a gate withheld the model: the version that was served
    before goes on being served.
    """
    compiled = Options(mount or (), parameter or (), parallel)
    if from_ir is not None:
        if config or workers:
            raise typer.BadParameter("--from-ir takes the place of --config and --workers")
        with errors_reported():
            raise typer.Exit(run_compiled(from_ir, _new_run_id(), compiled, as_json))
    if config is None:
        raise typer.BadParameter("say --config FILE or --from-ir FILE")
    if compiled != Options():
        raise typer.BadParameter("--mount, --parameter and --parallel go with --from-ir")
    with errors_reported():
        from pipeline.loading import load_settings

        settings = load_settings(config)
        if workers:
            settings = settings.model_copy(update={"workers": workers})
        raise typer.Exit(_run(settings, config, as_json))


def _new_run_id() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S.%f}Z"


def _run(settings: Settings, config: Path, as_json: bool) -> int:
    from pipeline.console import Console
    from pipeline.runners.interruption import Interruption, end_children
    from pipeline.runners.lock import locked
    from pipeline.runners.output import output_to

    _check_data(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    run_id = _new_run_id()
    log = settings.root / "logs" / f"{run_id}.log"
    with locked(settings.root), Interruption() as interruption, output_to(log) as real:
        console = Console(real.stderr if as_json else real.stdout)
        console.line(f"Sluice: running {settings.name}", "bold")
        facts = {"settings": str(config), "root": str(settings.root), "log": str(log)}
        console.facts(facts)
        console.line()
        try:
            code, result = _run_nodes(settings, run_id, console, interruption)
        finally:
            end_children()
        result = {"run_id": run_id, "exit_code": int(code), "log": str(log), **result}
    if as_json:
        print_json(result)
    return code


def _run_nodes(
    settings: Settings, run_id: str, console: Console, interruption: Interruption
) -> tuple[Exit, dict[str, Any]]:
    """Runs the nodes and tells how it ended; the log takes every traceback."""
    from pipeline.errors import short_message
    from pipeline.lineage import Lineage
    from pipeline.runners.stack import load_tfx
    from pipeline.summary import print_report, read_report, restore_report

    try:
        with console.step("Loading TFX"):
            load_tfx()
            from pipeline.dag import create_pipeline
            from pipeline.runners import local

            pipeline = create_pipeline(settings)
        nodes = local.run(pipeline, run_id, console.step, interruption)
    except KeyboardInterrupt:
        logger.warning("interrupted")
        console.line()
        console.line("Interrupted. Finished nodes are kept; the same command goes on from there.")
        return Exit.INTERRUPTED, {"error": "interrupted"}
    except Exception as error:
        logger.exception("the run failed")
        if interruption.requested:
            return Exit.INTERRUPTED, {"error": "interrupted"}
        _print_failure(console, error)
        return Exit.FAILURE, {"error": short_message(error)}
    restore_report(settings, Lineage.open(settings.root, settings.name))
    report = read_report(settings)
    console.line()
    print_report(console, report)
    states = {node.node_id: str(node.state) for node in nodes}
    return (
        Exit.OK if report.served else Exit.WITHHELD,
        {"nodes": states, "report": str(report.page), **report.facts},
    )


def _print_failure(console: Console, error: Exception) -> None:
    from pipeline.errors import is_ours, short_message, where

    cause = error.__cause__ or error
    console.line()
    console.line(short_message(error), "bold red")
    if not is_ours(cause):
        console.line(f"  raised at {where(cause)}")
    console.line("  The log has everything: see its path above.")


def _check_data(settings: Settings) -> None:
    """Refuses missing files at once, not after half a minute of loading."""
    from transform.reading.files import table_files

    for name in ("events", "items", "users"):
        table = getattr(settings.data, name)
        if table is not None and "://" not in table.path:
            table_files(table, name)
