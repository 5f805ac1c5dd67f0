"""Scores that are fitted to what users took of lists that they were shown, in a simulated shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import sluice

pytestmark = pytest.mark.slow

EVENTS = 60_000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a run, and what it printed."""
    folder = tmp_path_factory.mktemp("shown")
    made = sluice("data", "simulate", str(folder / "log"), "--events", str(EVENTS))
    assert made.code == 0, made.errors
    settings = {
        "name": "shown",
        "root": "root",
        "data": {
            "events": {"path": "log/events"},
            "items": {"path": "log/items.parquet"},
        },
        "split": {"held_out": "unprompted"},
        "features": [{"name": "category", "side": "candidate", "kind": "category"}],
        "retriever": {"epochs": 2, "dimension": 16, "layers": 1, "batch_size": 128},
        "ranker": {"epochs": 1},
        "recommender": {"calibration": "shown", "candidates": 100, "exclude_seen": False},
        "gates": {"ndcg_at_10_lead": {"lower": -0.1}},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    outcome = sluice("run", "--config", str(folder / "settings.yaml"), "--json")
    assert outcome.output, outcome.errors
    return folder, outcome.json


def test_it_is_published(run: tuple[Path, dict[str, Any]]) -> None:
    assert run[1]["pushed_version"], run[1]


def test_scores_promise_the_clicks_that_lists_get(run: tuple[Path, dict[str, Any]]) -> None:
    """Of ten items shown about one is clicked; of a hundred candidates one is the next."""
    checks = {check["name"]: check["value"] for check in run[1]["checks"]}
    assert 0.7 < checks["calibration"] < 1.4
