"""Which logs the result holds: those measured with all peers, whether or not others are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.quality import __main__ as benchmark
from benchmarks.quality.datasets import DATASETS
from benchmarks.quality.workshop import Workshop
from benchmarks.results import Row

LOG, OTHER = (dataset.name for dataset in DATASETS[:2])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of what is kept and published; a log is measured without training anything."""
    monkeypatch.setattr(benchmark, "_FOLDER", tmp_path / "kept")
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results, "SMOKE_RESULTS", tmp_path / "smoke")
    monkeypatch.setattr(Workshop, "prepare", lambda self, data: None)
    monkeypatch.setattr(benchmark, "_measure", _measured)
    return tmp_path


def _measured(workshop: Workshop, seeds: range, peers: object) -> list[Row]:
    return [Row(f"{workshop.dataset.name} (seeds: {len(seeds)})", 0.5, "", ">= 0.6", False)]


def _run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["quality", *options])
    return benchmark.main()


def test_each_log_with_all_peers_joins_the_result(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = runs / "results" / "quality.json"
    assert _run(monkeypatch, "--only", LOG, "--seeds", "1") == 1
    first = json.loads(published.read_text())
    assert [row["measure"] for row in first["rows"]] == [f"{LOG} (seeds: 1)"]
    assert first["versions"]["logs"] == LOG
    assert OTHER in first["versions"]["logs not measured"]
    _run(monkeypatch, "--only", OTHER)
    both = json.loads(published.read_text())
    assert [row["measure"] for row in both["rows"]] == [f"{LOG} (seeds: 1)", f"{OTHER} (seeds: 3)"]
    assert both["versions"]["logs"] == f"{LOG}, {OTHER}"
    assert OTHER not in both["versions"]["logs not measured"]


def test_what_lacks_a_peer_is_not_published(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(monkeypatch, "--only", LOG, "--peers", "ALS")
    assert (runs / "smoke" / "quality.json").exists()
    assert not (runs / "results").exists()
    _run(monkeypatch, "--only", OTHER)
    assert json.loads((runs / "results" / "quality.json").read_text())["versions"]["logs"] == OTHER
