"""`sluice predict` at the command line, as a program of its own."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from typer.testing import CliRunner

from pipeline.cli import app

PROJECT = Path(__file__).parents[3]


def command(shop, *arguments):
    out = shop.folder / "lists.parquet"
    users = shop.folder / "users.csv"
    return [
        *("predict", "--config", str(shop.config), "--users", str(users)),
        *("--out", str(out), *arguments),
    ]


@pytest.fixture
def ready(shop, monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "tests" / "pipeline")
    import toy_model

    toy_model.save(shop.root / "serving" / "recommender" / "4")
    done = mlmd.Execution.COMPLETE
    shop.run("one", {"A": (done, "SluiceUserStates", shop.states(), "")})
    (shop.folder / "users.csv").write_text("user_id\nu2\nnew\n")
    return shop


@pytest.mark.slow
def test_the_pushed_model_answers_for_every_user(ready):
    program = [sys.executable, "-c", "from pipeline.cli import main; main()"]
    done = subprocess.run(
        [*program, *command(ready, "--k", "2", "--json")],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "out": str(ready.folder / "lists.parquet"),
        "users": 2,
        "rows": 4,
        "version": 4,
    }
    assert "Predicting for 2 users ... done" in done.stderr
    assert "cpu_feature_guard" not in done.stderr
    table = pl.read_parquet(ready.folder / "lists.parquet")
    assert table["item_id"].to_list()[:2] == ["u2/3", "city "]
    assert table["rank"].to_list() == [1, 2, 1, 2]


def test_before_the_first_push_it_says_so(shop):
    (shop.folder / "users.csv").write_text("user_id\nu2\n")
    result = CliRunner().invoke(app, command(shop))
    assert result.exit_code == 1
    assert "a model must have been pushed" in result.stderr
