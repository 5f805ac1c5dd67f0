"""`sluice run`: the whole pipeline on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.run_compiled import Options, run_compiled
from pipeline.commands.shared import Json, errors_reported

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipeline.settings import Settings

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

Until = Annotated[
    str | None,
    typer.Option(
        metavar="DAY|SPAN|complete",
        help="Last day or span of the data window [from the settings]; `complete` is the last that "
        "nothing more is written to.",
    ),
]
OnlyData = Annotated[
    bool,
    typer.Option("--only-data", help="Only read the log and judge the rows; train nothing."),
]


def run(
    config: Config = None,
    workers: Workers = None,
    until: Until = None,
    only_data: OnlyData = False,
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

    With --only-data, the run ends with the judgement of the rows and says how far they have moved
    away from those of the model that is served; a whole run takes that work from the cache.
    """
    compiled = Options(mount or (), parameter or (), parallel)
    if from_ir is not None:
        if config or workers or until or only_data:
            raise typer.BadParameter(
                "--from-ir takes the place of --config, --workers, --until and --only-data"
            )
        with errors_reported(as_json):
            from pipeline.running import new_run_id

            raise typer.Exit(run_compiled(from_ir, new_run_id(), compiled, as_json))
    if config is None:
        raise typer.BadParameter("say --config FILE or --from-ir FILE")
    if compiled != Options():
        raise typer.BadParameter("--mount, --parameter and --parallel go with --from-ir")
    with errors_reported(as_json):
        raise typer.Exit(_run(config, workers, until or "", as_json, only_data=only_data))


def _run(config: Path, workers: int | None, until: str, as_json: bool, *, only_data: bool) -> int:
    from pipeline.data_drift import tell_data
    from pipeline.data_window import with_window
    from pipeline.loading import load_settings
    from pipeline.outcomes import DATA_ONLY
    from pipeline.running import Task, run_here, tell_report

    settings = with_window(load_settings(config), until, 0)
    if workers:
        settings = settings.model_copy(update={"workers": workers})
    task = Task(_data, tell_data, DATA_ONLY) if only_data else Task(_whole, tell_report)
    return run_here(settings, config, as_json, task)


def _whole(settings: Settings) -> Pipeline:
    from pipeline.dag import create_pipeline

    return create_pipeline(settings)


def _data(settings: Settings) -> Pipeline:
    from pipeline.dag import create_data_pipeline

    return create_data_pipeline(settings)
