"""Two runs are found by their ids or their folders."""

import json

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.comparing import compare_runs
from pipeline.errors import RunError

E = mlmd.Execution


def report(shop, name, run_id, **facts):
    """Registers a run that wrote a report."""
    folder = shop.root / "artifacts" / "Report" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps({"run_id": run_id, **facts}))
    shop.run(run_id, {"Report": (E.COMPLETE, "SluiceReport", folder, "")})
    return folder


@pytest.fixture
def two(shop):
    report(shop, "1", "20261123", settings={"seed": 1})
    report(shop, "2", "20261124", settings={"seed": 2})
    return shop


def test_by_id_and_by_how_an_id_begins(two):
    report(two, "3", "20270101")
    assert compare_runs(("2027", "20261124"), two.settings).a.run_id == "20270101"
    found = compare_runs(("20261123", "20261124"), two.settings)
    assert (found.a.run_id, found.b.run_id) == ("20261123", "20261124")
    assert [(d.name, d.a, d.b) for d in found.settings] == [("seed", 1, 2)]


def test_by_root_folder(two):
    two.report(run_id="latest")
    found = compare_runs((str(two.root), str(two.root)), None)
    assert (found.a.run_id, found.a.label) == ("latest", str(two.root))


def test_a_run_whose_report_came_from_the_cache_has_it(two):
    folder = two.root / "artifacts" / "Report" / "1"
    two.run("20261125", {"Report": (E.CACHED, "SluiceReport", folder, "")})
    assert compare_runs(("20261125", "20261124"), two.settings).a.run_id == "20261123"


@pytest.mark.parametrize("word", ["2026112", "2028"])
def test_an_id_must_name_one_run(two, word):
    with pytest.raises(RunError, match=rf"'{word}'.*The latest ids: 20261123, 20261124"):
        compare_runs((word, "20261124"), two.settings)


def test_a_run_that_did_not_come_so_far_has_no_report(two):
    two.run("20261126", {"DataGate": (E.FAILED, None, None, "drift")})
    with pytest.raises(RunError, match=r"must have written its report\. Received: 20261126"):
        compare_runs(("20261126", "20261124"), two.settings)


def test_without_settings_there_are_only_folders(two):
    with pytest.raises(RunError, match="no folder, and no --config"):
        compare_runs(("20261123", "20261124"), None)


def test_a_folder_without_a_report_is_an_error(two, tmp_path):
    with pytest.raises(RunError, match="has left a report"):
        compare_runs((str(tmp_path), str(tmp_path)), None)
