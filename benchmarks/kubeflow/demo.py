"""The whole demo from what was compiled, on MariaDB, against the same in one process."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.kubeflow import mariadb
from benchmarks.kubeflow.compiled import Compiled, sluice
from benchmarks.results import ROOT, Row, at_least, at_most
from pipeline.kubeflow.metadata import PASSWORD_VARIABLE
from pipeline.loading import load_settings
from pipeline.serving_folder import serving_folder
from pipeline.user_states import end_of_log, user_states_file
from serving.client import RecommenderClient
from serving.embedded import embedded_server
from serving.user_store import UserStore
from transform.reading.cache import cache_dir

_SETTINGS = ROOT / "pipeline" / "configs" / "movielens-100k.yaml"
_TOLERANCE = 1e-6
_NODES = 18
_USERS, _ITEMS = 100, 10


def demo(folder: Path) -> list[Row]:
    """Runs both ways, then asks what each has pushed.

    Args:
        folder: Where everything of the benchmark lies.
    """
    home = folder / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    sluice("data", "fetch", "movielens-100k")
    settings = yaml.safe_load(_SETTINGS.read_text())
    here = home / "local.yaml"
    here.write_text(yaml.safe_dump({**settings, "root": str(home / "local")}))
    local, local_seconds = _timed(lambda: json.loads(sluice("run", "--config", here, "--json")))
    with mariadb.running() as server:
        os.environ[PASSWORD_VARIABLE] = mariadb.PASSWORD
        pipeline = Compiled(home / "volume", settings, server, [cache_dir()])
        pipeline.compile()
        compiled, seconds = _timed(pipeline.run)
        states = {name: state for name, state in compiled["nodes"].items() if name != "Begin"}
        rows = [
            at_least(
                "nodes of the demo run from IR, each its own process", len(states), "", _NODES
            ),
            at_least("versions pushed", float(compiled["pushed_version"] is not None), "", 1),
            difference(local, compiled),
            differing(_served(here), _served(pipeline.config)),
        ]
    peers = {"one process": local_seconds}
    return [*rows, Row("seconds of the demo run from IR", seconds, "s", peers=peers)]


def difference(local: Mapping[str, Any], compiled: Mapping[str, Any]) -> Row:
    """The largest difference of any metric of any model.

    Args:
        local: What `sluice run --json` printed of the run in one process.
        compiled: The same of the run from IR.
    """
    ours, theirs = metrics(compiled), metrics(local)
    if ours.keys() != theirs.keys():
        only = ", ".join(sorted(ours.keys() ^ theirs.keys()))
        raise ValueError(f"both runs measure the same. Received: {only} of one alone.")
    largest = max(abs(ours[name] - theirs[name]) for name in ours)
    measure = f"largest difference of {len(ours)} metrics from the run in one process"
    return at_most(measure, largest, "", _TOLERANCE)


def metrics(run: Mapping[str, Any]) -> dict[str, float]:
    """Model and metric -> value, in what `sluice run --json` printed."""
    return {
        f"{row['model']}.{name}": value
        for row in run["quality"]["rows"]
        for name, value in row.items()
        if isinstance(value, float)
    }


def differing(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> Row:
    """Users whose lists differ, or who get none."""
    unlike = sum(a != b or not a for a, b in zip(one, other, strict=True))
    return at_most(f"lists of {len(one)} users that the two served models differ in", unlike, "", 0)


def _served(config: Path) -> list[list[str]]:
    """What a server of the pushed model answers: the items of each user."""
    settings = load_settings(config)
    states = user_states_file(settings)
    users = pl.scan_parquet(states).select("user_id").collect()["user_id"].sort().head(_USERS)
    queries = UserStore.open(states).queries(users.to_list(), end_of_log(states))
    log = config.with_suffix(".log")
    with (
        embedded_server(serving_folder(settings), log_path=log) as server,
        RecommenderClient(server.address) as client,
    ):
        return [[item.item_id for item in items] for items in client.recommend(queries, _ITEMS)]


def _timed(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began
