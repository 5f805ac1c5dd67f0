"""`sluice report`."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli import app


def report(shop, *arguments):
    return CliRunner().invoke(app, ["report", "--config", str(shop.config), *arguments])


def test_quality_verdict_and_place(shop):
    folder = shop.report()
    result = report(shop)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert ["sluice", "0.1250", "-"] in [line.split() for line in lines]
    assert ["popular", "0.1000", "0.2000"] in [line.split() for line in lines]
    assert "So it is." in lines
    assert f"Report: {folder / 'report.html'}" in lines
    assert "FAIL" not in result.stdout


def test_a_withheld_model_comes_with_the_checks_that_failed(shop):
    shop.report(pushed=None)
    result = report(shop)
    assert "FAIL: recall is 0.1." in result.stdout
    assert "pass: ndcg" not in result.stdout


def test_json_is_the_reports_own(shop):
    folder = shop.report()
    result = report(shop, "--json")
    assert json.loads(result.stdout) == json.loads((folder / "report.json").read_text())


@pytest.mark.parametrize(("code", "words"), [(0, ""), (1, "open the page by hand")])
def test_the_page_is_opened(shop, monkeypatch, code, words):
    folder = shop.report()
    opened = []
    monkeypatch.setattr(typer, "launch", lambda url: opened.append(url) or code)
    result = report(shop, "--open")
    assert opened == [str(folder / "report.html")]
    assert words in result.stderr


def test_before_the_first_run_it_says_so(shop):
    result = report(shop)
    assert result.exit_code == 1
    assert "Run the pipeline first" in result.stderr


def compared(*arguments):
    return CliRunner().invoke(app, ["report", "--compare", *arguments])


def test_two_roots_side_by_side_without_settings(shop):
    shop.report()
    result = compared(str(shop.root), str(shop.root))
    assert result.exit_code == 0
    page = shop.root / "report" / "comparison.html"
    assert f"A = {shop.root}: So it is." in result.stdout
    assert f"Page: {page}" in result.stdout
    assert "Sluice comparison of two runs" in page.read_text()


def test_a_comparison_as_json_and_where_it_is_wanted(shop, tmp_path):
    shop.report()
    page = tmp_path / "deep" / "both.html"
    result = compared(str(shop.root), str(shop.root), "--json", "--out", str(page))
    told = json.loads(result.stdout)
    assert told["page"] == str(page)
    assert told["a"] == told["b"]
    assert page.exists()


def test_without_settings_nothing_is_shown():
    result = CliRunner().invoke(app, ["report"])
    assert result.exit_code == 2
    assert "--config" in result.stderr


def test_a_run_that_is_not_there_is_an_error(shop):
    result = compared("one", "two", "--config", str(shop.config))
    assert result.exit_code == 1
    assert "0 of 0 runs" in result.stderr
