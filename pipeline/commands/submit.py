"""`sluice submit`: a compiled pipeline, started on Kubeflow or put on a schedule there."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import Json, errors_reported, pairs, print_json

EXAMPLES = (
    "sluice submit --from-ir pipeline.yaml --api http://localhost:8888",
    "sluice submit --from-ir pipeline.yaml --api URL --parameter until=2026-03-31",
    "sluice submit --from-ir pipeline.yaml --api URL --every '0 0 3 * * *' "
    "--parameter until=complete",
)

FromIr = Annotated[
    Path, typer.Option("--from-ir", metavar="FILE", help="What `sluice compile` wrote.")
]
Api = Annotated[str, typer.Option("--api", metavar="URL", help="Kubeflow Pipelines' API.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="A parameter of the run."),
]
Experiment = Annotated[
    str | None, typer.Option(metavar="NAME", help="Groups runs [the name of the pipeline].")
]
Namespace = Annotated[
    str | None, typer.Option(metavar="NAME", help="Your profile, where several share a Kubeflow.")
]
Every = Annotated[
    str | None,
    typer.Option(metavar="CRON", help="Run it again and again: six fields, seconds first."),
]
CatchUp = Annotated[
    bool, typer.Option("--catch-up", help="With --every: make up for each time that was missed.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="With --every: in the place of the schedule there is.")
]


def submit(
    from_ir: FromIr,
    api: Api,
    parameter: Parameters = None,
    experiment: Experiment = None,
    namespace: Namespace = None,
    every: Every = None,
    catch_up: CatchUp = False,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Upload a compiled pipeline to Kubeflow, and start it or put it on a schedule.

    What was uploaded before is found there again; a changed file becomes a new version. A run of a
    schedule waits for the one before it. A token for the API comes in SLUICE_KUBEFLOW_TOKEN.
    """
    if every is None and (catch_up or replace):
        raise typer.BadParameter("--catch-up and --replace go with --every")
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.kubeflow import submission

        schedule = submission.Schedule(every, catch_up, replace) if every is not None else None
        token = os.environ.get(submission.TOKEN_VARIABLE, "")
        endpoint = submission.Endpoint(api, token, namespace)
        done = submission.submit(
            from_ir, endpoint, pairs(parameter or (), "--parameter"), experiment, schedule
        )
        if as_json:
            print_json(dataclasses.asdict(done))
            return
        console = Console(sys.stdout)
        console.line("Scheduled." if schedule else "Started.", "bold")
        console.facts(
            {"pipeline": done.pipeline_id, "version": done.version_id, "watch": done.page}
        )
