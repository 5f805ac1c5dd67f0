"""One run of a pipeline on this machine: console, log, lock, and what is told at its end."""

from __future__ import annotations

import contextlib
import datetime
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.commands.shared import Exit, print_json
from pipeline.console import Console
from pipeline.errors import RunError, is_ours, short_message, where
from pipeline.kubeflow import FOLDER
from pipeline.lineage import METADATA_FILE, Lineage
from pipeline.runners.interruption import Interruption, end_children
from pipeline.runners.lock import locked
from pipeline.runners.output import output_to
from pipeline.settings import Settings
from pipeline.summary import print_report, read_report, restore_report
from transform.reading.files import table_files

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

logger = logging.getLogger(__name__)

End = tuple[Exit, dict[str, Any]]


def _nothing(settings: Settings, run_id: str) -> AbstractContextManager[None]:
    return contextlib.nullcontext()


class Task(NamedTuple):
    """What is run.

    Attributes:
        create: Makes the pipeline, once TFX is loaded.
        tell: Shows how a run ended; its exit code and facts.
        kind: Ends the id of a run that is not the whole pipeline.
        beside: Nodes that run beside others, see `pipeline.runners.local`.
        around: What is open while the nodes run.
    """

    create: Callable[[Settings], Pipeline]
    tell: Callable[[Settings, str, Console], End]
    kind: str = ""
    beside: tuple[str, ...] = ()
    around: Callable[[Settings, str], AbstractContextManager[None]] = _nothing


def new_run_id() -> str:
    """The time, to the microsecond."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S.%f}Z"


def run_here(settings: Settings, config: Path, as_json: bool, task: Task) -> int:
    """Runs a pipeline in this process, on console and log, alone in its root folder.

    Args:
        settings: Of the pipeline.
        config: The file that they came from.
        as_json: Whether the result is printed as JSON.
        task: What is run.

    Returns:
        The exit code.

    Raises:
        DataError: A file of the data is missing.
        RunError: Another run is under way, or runs of this root folder are remembered elsewhere.
    """
    _check_data(settings)
    _check_metadata(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    run_id = new_run_id() + task.kind
    log = settings.root / "logs" / f"{run_id}.log"
    with locked(settings.root), Interruption() as interruption, output_to(log) as real:
        console = Console(real.stderr if as_json else real.stdout)
        console.line(f"Sluice: running {settings.name}", "bold")
        facts = {"settings": str(config), "root": str(settings.root), "log": str(log)}
        console.facts(facts)
        console.line()
        try:
            code, result = _run_nodes(settings, task, run_id, console, interruption)
        finally:
            end_children()
        result = {"run_id": run_id, "exit_code": int(code), "log": str(log), **result}
    if as_json:
        print_json(result)
    return code


def _run_nodes(
    settings: Settings,
    task: Task,
    run_id: str,
    console: Console,
    interruption: Interruption,
) -> End:
    """Runs the nodes and tells how it ended; the log takes every traceback."""
    try:
        with console.step("Loading TFX"):
            from pipeline.runners.stack import load_tfx

            load_tfx()
            from pipeline.runners import local

            pipeline = task.create(settings)
        with task.around(settings, run_id):
            nodes = local.run(pipeline, run_id, console.step, interruption, task.beside)
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
    console.line()
    code, facts = task.tell(settings, run_id, console)
    return code, {"nodes": {node.node_id: str(node.state) for node in nodes}, **facts}


def tell_report(settings: Settings, run_id: str, console: Console) -> End:
    """The report's facts; 3 where a gate withheld the model."""
    restore_report(settings, Lineage.open(settings.root, settings.name))
    report = read_report(settings)
    print_report(console, report)
    code = Exit.OK if report.served else Exit.WITHHELD
    return code, {"report": str(report.page), **report.facts}


def _print_failure(console: Console, error: Exception) -> None:
    cause = error.__cause__ or error
    console.line()
    console.line(short_message(error), "bold red")
    if not is_ours(cause):
        console.line(f"  raised at {where(cause)}")
    console.line("  The log has everything: see its path above.")


def _check_metadata(settings: Settings) -> None:
    """Refuses a root folder with what other runs made, whose metadata are not in it.

    A store of its own would count executions from 1 again, and what others have put out under the
    same numbers would be removed as what this run has left.
    """
    root = settings.root
    made = [name for name in ("artifacts", FOLDER) if (root / name).exists()]
    if not made or (root / METADATA_FILE).exists():
        return
    server = settings.kubeflow.metadata.server if settings.kubeflow else None
    place = f"whose metadata lie at {server.host}:{server.port}" if server else "and no metadata"
    raise RunError(
        f"a run on this machine goes on from the runs in {METADATA_FILE} of its root folder. "
        f"Received: {root} with {' and '.join(made)} {place}. Run it where those ran, or name "
        f"another `root`; where {METADATA_FILE} was deleted, delete {' and '.join(made)}, too."
    )


def _check_data(settings: Settings) -> None:
    """Refuses missing files at once, not after half a minute of loading."""
    for name in ("events", "items", "users"):
        table = getattr(settings.data, name)
        if table is not None and "://" not in table.path:
            table_files(table, name)
