"""One real run of the whole pipeline on a sample of MovieLens-100k, shared by the tests here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipeline.datasets.movielens import fetch
from pipeline.loading import cache_dir

SLUICE = Path(sys.executable).parent / "sluice"
USERS = 250


@dataclass(frozen=True)
class Outcome:
    """How a call of the command ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> dict[str, Any]:
        """The object that `--json` printed."""
        parsed: dict[str, Any] = json.loads(self.output)
        return parsed


def sluice(*arguments: str) -> Outcome:
    """Calls the installed command as a user would, away from the source tree."""
    done = subprocess.run(
        [str(SLUICE), *arguments],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=os.sep,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the events of some users as CSV, under column names of its own."""
    source = cache_dir() / "movielens-100k"
    fetch(cache_dir())
    folder = tmp_path_factory.mktemp("sample")
    events = pl.read_parquet(source / "events.parquet")
    chosen = events["user_id"].unique().sort().head(USERS)
    events = events.filter(pl.col("user_id").is_in(chosen.implode()))
    events.select(who="user_id", film="item_id", when="event_time").write_csv(
        folder / "watched.csv"
    )
    pl.read_parquet(source / "items.parquet").write_parquet(folder / "films.parquet")
    pl.read_parquet(source / "users.parquet").write_parquet(folder / "people.parquet")
    return folder


@pytest.fixture(scope="session")
def write_settings(sample: Path) -> Callable[..., Path]:
    """Writes a settings file for the sample, with some keys changed."""

    def write(name: str = "settings.yaml", **changes: Any) -> Path:
        settings = {
            "name": "sample",
            "root": "root",
            "data": {
                "events": {
                    "path": "watched.csv",
                    "columns": {"user_id": "who", "item_id": "film", "event_time": "when"},
                },
                "items": {"path": "films.parquet"},
                "users": {"path": "people.parquet"},
            },
            "split": {"protocol": "leave_one_out"},
            "features": [
                {"name": "age", "side": "query", "kind": "number"},
                {"name": "gender", "side": "query", "kind": "category"},
                {"name": "title", "side": "candidate", "kind": "text"},
                {"name": "genres", "side": "candidate", "kind": "category", "separator": " "},
            ],
            "retriever": {"epochs": 4, "batch_size": 16, "dimension": 32, "layers": 1},
            "ranker": {"epochs": 1},
            # So few users tell a good model from a fair one only by luck.
            "gates": {"ndcg_at_10_lead": {"lower": -0.05}},
            "workers": 2,
        }
        path = sample / name
        path.write_text(yaml.safe_dump(settings | changes))
        return path

    return write


@pytest.fixture(scope="session")
def settings_file(write_settings: Callable[..., Path]) -> Path:
    """The settings of the shared run."""
    return write_settings()


@pytest.fixture(scope="session")
def first_run(settings_file: Path) -> dict[str, Any]:
    """What `sluice run --json` printed the first time."""
    outcome = sluice("run", "--config", str(settings_file), "--json")
    assert outcome.code == 0, outcome.errors
    return outcome.json


@pytest.fixture(scope="session")
def artifacts(first_run: dict[str, Any], sample: Path) -> Callable[[str, str], Path]:
    """Finds the newest output of a node."""

    def find(node: str, key: str) -> Path:
        folder = sample / "root" / "artifacts" / node / key
        return max(folder.iterdir(), key=lambda path: int(path.name))

    return find


def nodes(states: Sequence[str], run: dict[str, Any]) -> list[str]:
    """Nodes of a run in one of some states."""
    return [node for node, state in run["nodes"].items() if state in states]
