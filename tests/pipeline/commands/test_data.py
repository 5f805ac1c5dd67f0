"""`sluice data fetch` at the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.datasets import complete_journey, movielens
from pipeline.datasets.cached import Fetched
from pipeline.datasets.errors import FetchError
from pipeline.datasets.movielens_sources import ROWS


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Replaces the download; returns the arguments it was called with."""
    calls = []

    def fetch(cache, archive=None):
        calls.append((cache, archive))
        return Fetched(cache / movielens.NAME, ROWS, len(calls) > 1, "here")

    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path))
    monkeypatch.setattr(movielens, "fetch", fetch)
    return calls


def fetch(*arguments):
    return CliRunner().invoke(app, ["data", "fetch", *arguments])


def test_it_says_where_the_data_lie_and_under_which_terms(fetched, tmp_path):
    result = fetch("movielens-100k")
    assert result.exit_code == 0
    assert str(tmp_path / "movielens-100k") in result.stdout
    assert "100,000 rows" in result.stdout
    assert "may not be redistributed" in result.stdout
    assert "... done" in result.stdout
    assert "... cached" in fetch("movielens-100k").stdout


def test_json_is_all_that_stands_on_standard_output(fetched, tmp_path):
    facts = json.loads(fetch("movielens-100k", "--json").stdout)
    assert facts["folder"] == str(tmp_path / "movielens-100k")
    assert facts["rows"]["items"] == 1682
    assert facts["cached"] is False


def test_an_archive_is_passed_on(fetched, tmp_path):
    fetch("movielens-100k", "--archive", "ml-100k.zip")
    assert fetched == [(tmp_path, Path("ml-100k.zip"))]


def test_another_name_is_wrong_usage(fetched):
    result = fetch("movielens-1b")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "the data sets are movielens-100k and complete-journey. Received: movielens-1b" in said


def test_a_failure_is_told_in_a_line(fetched, monkeypatch):
    def fail(cache, archive=None):
        raise FetchError("it needs a network. Check it.")

    monkeypatch.setattr(movielens, "fetch", fail)
    result = fetch("movielens-100k")
    assert result.exit_code == 1
    assert result.stderr == "sluice: it needs a network. Check it.\n"
    assert "... failed" in result.stdout


def test_the_other_data_set_has_its_own_terms(monkeypatch, tmp_path):
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path))
    monkeypatch.setattr(
        complete_journey,
        "fetch",
        lambda cache, archive=None: Fetched(cache / "complete-journey", {"events": 9}, True, "x"),
    )
    result = fetch("complete-journey")
    assert result.exit_code == 0
    assert "84.51" in result.stdout
    assert "9 rows" in result.stdout
