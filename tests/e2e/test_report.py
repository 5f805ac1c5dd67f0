"""What the analyst gets of a real run: the page in a real browser, and the notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.components.report.browser import Browser, program
from tests.e2e.conftest import sluice
from tests.notebooks.execution import execute, figures_of, text_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(first_run: dict[str, Any], sample: Path) -> Path:
    """Root folder of the run; a later run may have replaced its report."""
    return sample / "root"


@pytest.fixture(scope="module")
def facts(root: Path) -> dict[str, Any]:
    """The summary of the run that the page shows."""
    found: dict[str, Any] = json.loads((root / "report" / "report.json").read_text())
    return found


@pytest.mark.skipif(
    program() is None, reason="needs Chromium: scripts/install_chromium.sh installs it"
)
def test_the_page_opens_without_a_network(
    root: Path, facts: dict[str, Any], tmp_path: Path
) -> None:
    page = root / "report" / "report.html"
    assert page.stat().st_size < 1_000_000
    with Browser(tmp_path) as browser:
        for width in (360, 1280):
            assert browser.open(page, width=width) < 2
            assert browser.run("document.documentElement.scrollWidth") <= width
        verdict = browser.run("document.getElementById('verdict').textContent")
        slices = browser.run("document.querySelectorAll('#slices-list tbody tr').length")
        dots = browser.run("document.querySelectorAll('#models circle.dot').length")
        assert browser.problems == []
    assert verdict == facts["verdict"]["summary"]
    assert slices == len(facts["slices"]["list"]) > 5
    assert dots > 1


def test_everything_was_measured(facts: dict[str, Any]) -> None:
    assert facts["account"]["rows_in"] > 0
    assert {check["gate"] for check in facts["checks"]} == {"data", "verdict", "serving"}
    assert set(facts["slices"]) == {"list", "ranker"}
    counted = [row["count"] for row in facts["slices"]["list"] if row["feature"] == "user_rung"]
    assert sum(counted) == facts["slices"]["list"][0]["count"]


def test_lists_of_sampled_users_are_shown(facts: dict[str, Any]) -> None:
    sample = facts["lists"]
    assert sample["sampled"] > 100
    assert sample["change"] is None or 0 <= sample["change"]["kept"] <= 1
    for request in sample["requests"]:
        assert len(request["new"]) == sample["depth"]
        assert not {item["title"] for item in request["new"]} & set(request["history"])
    shown = [item for request in sample["requests"] for item in request["new"]]
    assert any(item["title"] != item["item_id"] for item in shown)  # films have titles
    assert any(item["after"] for item in shown)


def test_the_run_is_in_the_history_and_compares_with_itself(
    root: Path, facts: dict[str, Any], write_settings: Callable[..., Path]
) -> None:
    config = str(write_settings())
    told = sluice("status", "--config", config, "--json").json
    runs = {run["run_id"]: run for run in told["runs"]}
    assert runs[facts["run_id"]]["pushed_version"] == facts["pushed_version"]
    run = facts["run_id"]
    compared = sluice("report", "--config", config, "--compare", run, run, "--json")
    assert compared.code == 0
    assert compared.json["same_targets"] is True
    assert compared.json["settings"] == []
    assert {metric["difference"] for metric in compared.json["metrics"]} <= {0.0, None}
    assert Path(compared.json["page"]).stat().st_size < 1_000_000


NOTEBOOKS = {
    "explore_the_data": "the most frequent tenth of them has",
    "why_this_verdict": "checks failed",
    "slices_in_depth": "slices lie apart from the average",
    "what_would_user_x_see": "items stay among the first 10",
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_notebook_answers_its_question(root: Path, name: str) -> None:
    outputs = execute(name, root)
    assert NOTEBOOKS[name] in text_of(outputs)
    assert figures_of(outputs)


def test_the_notebook_reads_the_run(root: Path, facts: dict[str, Any]) -> None:
    outputs = execute("read_a_run", root)
    assert facts["verdict"]["summary"] in text_of(outputs)
    assert len(figures_of(outputs)) == 4
