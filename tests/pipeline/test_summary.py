"""The report in the root folder is the latest run's, whatever wrote there in between."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.lineage import Lineage
from pipeline.summary import read_report, restore_report


def artifact(shop, name, text):
    folder = shop.root / "artifacts" / "Report" / "report" / name
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(text)
    (folder / "report.json").write_text(f'{{"pushed_version": null, "run_id": "{name}"}}')
    return folder


def test_a_report_from_the_cache_is_brought_back(shop):
    first, second = artifact(shop, "1", "one"), artifact(shop, "2", "two")
    done, cached = mlmd.Execution.COMPLETE, mlmd.Execution.CACHED
    shop.run("one", {"Report": (done, "SluiceReport", first, "")})
    shop.run("two", {"Report": (done, "SluiceReport", second, "")})
    restore_report(shop.settings, Lineage.of(shop.settings))
    assert read_report(shop.settings).facts["run_id"] == "2"
    shop.run("three", {"Report": (cached, "SluiceReport", first, "")})
    restore_report(shop.settings, Lineage.of(shop.settings))
    report = read_report(shop.settings)
    assert report.facts["run_id"] == "1"
    assert report.page.read_text() == "one"
    assert sorted(p.name for p in report.page.parent.iterdir()) == ["report.html", "report.json"]


def test_nothing_to_restore_is_no_error(shop):
    restore_report(shop.settings, Lineage.of(shop.settings))
    with pytest.raises(RunError, match="a finished run leaves a report"):
        read_report(shop.settings)


def test_served_means_pushed(shop):
    shop.report(pushed=4)
    assert read_report(shop.settings).served
    shop.report(pushed=None)
    assert not read_report(shop.settings).served
