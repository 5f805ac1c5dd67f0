"""From the log of a pipeline to the results and pages of its experiments."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import polars as pl

from components.experiments.result import Result, analyse
from components.experiments.users import Design
from components.report.experiment.page import render
from pipeline.errors import RunError
from pipeline.event_stream import StreamPlace
from pipeline.experiments.settings import ExperimentSettings
from pipeline.settings import Settings
from serving.durable import make_folder, replace_file
from transform.features import EVENT_ID, EVENT_TIME, EVENT_TYPE, ITEM_ID, REQUEST_ID, USER_ID
from transform.reading.sources import read_users

_COLUMNS = (USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE, EVENT_ID, REQUEST_ID, "arm")


def analyse_experiment(settings: Settings, name: str, log: Path | None) -> Result:
    """Analyses an experiment of the settings.

    Args:
        settings: The settings.
        name: The experiment; one that is stopped can be analysed, too.
        log: The folder that the compactor wrote; None for the one below the root.

    Raises:
        RunError: There is no such experiment, or no log.
        DataError: The users table breaks a rule of the data contract.
    """
    known = {one.name: one for one in settings.experiments}
    if name not in known:
        raise RunError(
            f"an experiment is one of the settings. Received: {name!r}, with "
            f"{', '.join(sorted(known)) or 'none'} there. Name one, or declare it."
        )
    one = known[name]
    attributes = None
    if one.slices:
        chosen = [feature for feature in settings.features if feature.name in one.slices]
        attributes = read_users(settings.data, chosen)
    return analyse(
        _read(log or StreamPlace(settings).log_folder),
        attributes,
        _design(one, settings.examples.impression_type),
        interleaved=one.interleaved,
        now=int(time.time()),
    )


def write_page(settings: Settings, result: Result) -> Path:
    """Writes the page of an experiment below the root; returns where it lies."""
    path = settings.root / "report" / "experiments" / f"{result.design.name}.html"
    make_folder(path.parent)
    replace_file(path, render(result, settings.name).encode())
    return path


def to_json(result: Result) -> dict[str, Any]:
    """The result as JSON has it, with what may be said of each arm."""
    return {
        "experiment": result.design.name,
        "readable": result.readable,
        "findings": {arm: finding.value for arm, finding in result.findings.items()},
        **dataclasses.asdict(result),
    }


def _read(folder: Path) -> pl.LazyFrame:
    files = sorted(folder.glob("dt=*/*.parquet"))
    if not files:
        raise RunError(
            "an experiment is read from the log of lists and outcomes, Parquet files in a folder "
            f"for each day. Received: {folder}, which holds none. Write it with `sluice stream "
            "compact`, or name another with --log."
        )
    log = pl.scan_parquet(files, hive_partitioning=False, missing_columns="insert")
    missing = sorted(set(_COLUMNS) - set(log.collect_schema().names()))
    if missing:
        raise RunError(
            f"the log has the columns that `sluice stream compact` writes. Received: {folder}, "
            f"without {', '.join(missing)}. Name another folder with --log."
        )
    return log.select(_COLUMNS)


def _design(one: ExperimentSettings, impression_type: str) -> Design:
    return Design(
        name=one.name,
        arms=tuple((arm.name, arm.share) for arm in one.arms),
        impression_type=impression_type,
        outcome=one.outcome,
        outcome_days=one.outcome_days,
        before_days=one.before_days,
        alpha=one.alpha,
        planned_users=one.planned_users,
    )
