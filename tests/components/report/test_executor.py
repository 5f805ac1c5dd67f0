"""The node writes page and summary into its artifact and, as the latest, into the destination."""

import json
from pathlib import Path

import pytest

from components import artifacts
from components.report import executor
from serving import durable
from tests.components.report.artifacts_of_a_run import PROPERTIES, write_run


@pytest.fixture
def run(tmp_path):
    """Runs the node on a made-up run; answers with its artifact's folder and the destination."""

    def run_node(**changes):
        report = artifacts.Report()
        report.uri = str(tmp_path / "report_artifact")
        destination = tmp_path / "root" / "report"
        inputs = write_run(tmp_path / f"run_{len(changes)}", **changes)
        properties = {**PROPERTIES, "destination": str(destination)}
        executor.Executor().Do(inputs, {"report": [report]}, properties)
        return Path(report.uri), destination

    return run_node


def test_both_places_hold_the_same_complete_files(run):
    artifact, destination = run()
    for folder in (artifact, destination):
        assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    for name in ("report.html", "report.json"):
        assert (artifact / name).read_bytes() == (destination / name).read_bytes()
    page = (destination / "report.html").read_text()
    assert page.rstrip().endswith("</html>")
    assert "BLESSED" in page


def test_a_later_run_replaces_the_latest_report(run):
    run()
    _, destination = run(blessed_model=False)
    assert "WITHHELD" in (destination / "report.html").read_text()
    found = json.loads((destination / "report.json").read_text())
    assert found["verdict"]["blessed"] is False
    assert found["pushed_version"] is None


def test_an_interrupted_write_leaves_the_old_page_and_no_rest(run, monkeypatch):
    artifact, _ = run()
    old = (artifact / "report.html").read_bytes()

    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(durable.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        run(blessed_model=False)
    assert (artifact / "report.html").read_bytes() == old
    assert len(list(artifact.iterdir())) == 2
