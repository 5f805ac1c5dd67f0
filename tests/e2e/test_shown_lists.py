"""Scores that are fitted to what users took of lists that they were shown, in a simulated shop."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.e2e.conftest import sluice

pytestmark = pytest.mark.slow

EVENTS = 60_000


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run printed."""
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
    return outcome.json


def test_it_is_published(printed: dict[str, Any]) -> None:
    assert printed["pushed_version"], printed


def test_scores_promise_the_clicks_that_lists_get(printed: dict[str, Any]) -> None:
    """Of ten items shown about one is clicked; of a hundred candidates one is the next."""
    checks = {check["name"]: check["value"] for check in printed["checks"]}
    assert 0.7 < checks["calibration"] < 1.4
