"""Which logs the result holds: those measured with all peers, whether or not others are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import kept, results
from benchmarks.quality import __main__ as benchmark
from benchmarks.quality.datasets import DATASETS
from benchmarks.quality.workshop import Workshop
from benchmarks.results import Row

LOG, OTHER = (dataset.name for dataset in DATASETS[:2])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of what is kept and published; a log is measured without training anything."""
    monkeypatch.setattr(benchmark, "_FOLDER", tmp_path / "kept")
    for module in (kept, results):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results, "SMOKE_RESULTS", tmp_path / "smoke")
    monkeypatch.setattr(Workshop, "prepare", lambda self, data: None)
    monkeypatch.setattr(Workshop, "targets", "d1e5")
    monkeypatch.setattr(benchmark, "_measure", _measured)
    return tmp_path


def _measured(workshop: Workshop, seeds: range, peers: object) -> list[Row]:
    return [Row(f"{workshop.dataset.name}: {len(seeds)} seeds", 0.5, "", ">= 0.6", False)]


def _run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["quality", *options])
    return benchmark.main()


def test_each_log_with_all_peers_joins_the_result(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = runs / "results" / "quality.json"
    assert _run(monkeypatch, "--only", LOG, "--seeds", "1") == 1
    first = json.loads(published.read_text())
    assert [row["measure"] for row in first["rows"]] == [f"{LOG}: 1 seeds"]
    assert first["versions"][f"SHA-256 of the test targets of {LOG}"] == "d1e5"
    assert OTHER in first["versions"]["logs not measured"]
    _run(monkeypatch, "--only", OTHER)
    both = json.loads(published.read_text())
    assert [row["measure"] for row in both["rows"]] == [f"{LOG}: 1 seeds", f"{OTHER}: 3 seeds"]
    assert both["versions"][f"SHA-256 of the test targets of {LOG}"] == "d1e5"
    assert OTHER not in both["versions"]["logs not measured"]


def test_what_lacks_a_peer_is_not_published(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(monkeypatch, "--only", LOG, "--peers", "ALS")
    assert (runs / "smoke" / "quality.json").exists()
    assert not (runs / "results").exists()
    _run(monkeypatch, "--only", OTHER)
    versions = json.loads((runs / "results" / "quality.json").read_text())["versions"]
    assert f"commit of {OTHER}" in versions
    assert LOG in versions["logs not measured"]
