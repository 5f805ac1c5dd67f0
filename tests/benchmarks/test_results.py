"""Results: rows with bars, as a table and as JSON."""

import io
import json
import platform
import re
import subprocess

import pytest
from rich.console import Console

from benchmarks import results
from benchmarks.machine import machine
from benchmarks.results import Row, at_least, at_most, publish, table_of


def shown(rows):
    console = Console(file=io.StringIO(), width=160)
    console.print(table_of("toy", rows))
    return console.file.getvalue()


@pytest.mark.parametrize(("value", "holds"), [(4.99, False), (5.0, True), (5.01, True)])
def test_a_lower_bar_holds_from_its_value_on(value, holds):
    row = at_least("speed", value, "x", 5)
    assert (row.bar, row.holds) == (">= 5", holds)


@pytest.mark.parametrize(("value", "holds"), [(1.29, True), (1.3, True), (1.31, False)])
def test_an_upper_bar_holds_up_to_its_value(value, holds):
    row = at_most("straggler", value, "x", 1.3)
    assert (row.bar, row.holds) == ("<= 1.3", holds)


def test_the_table_shows_lost_bars_and_peers():
    text = shown([at_least("speed", 4.0, "x", 5, {"Spark": 123456.0}), Row("rate", None, "rows/s")])
    assert "NO" in text
    assert "Spark 123,456" in text
    assert "not measured" in text


@pytest.mark.parametrize(("smoke", "folder"), [(False, "real"), (True, "smoke")])
def test_results_are_written_where_they_belong(tmp_path, monkeypatch, smoke, folder):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "real")
    monkeypatch.setattr(results, "SMOKE_RESULTS", tmp_path / "smoke")
    rows = [at_most("growth", 1.1, "x", 1.15, {"1 M": 2.0}), Row("rate", 5.0, "rows/s")]
    path = publish("toy", "make bench-toy", rows, {"polars": "1"}, smoke=smoke)
    assert path == tmp_path / folder / "toy.json"
    assert [file.name for file in tmp_path.rglob("*.*")] == ["toy.json"]
    written = json.loads(path.read_text())
    assert list(written) == ["machine", "versions", "command", "rows"]
    assert written["versions"].keys() == {"commit", "polars"}
    assert written["command"] == "make bench-toy"
    assert written["rows"] == [
        {
            "measure": "growth",
            "value": 1.1,
            "unit": "x",
            "bar": "<= 1.15",
            "holds": True,
            "peers": {"1 M": 2.0},
        },
        {
            "measure": "rate",
            "value": 5.0,
            "unit": "rows/s",
            "bar": None,
            "holds": None,
            "peers": {},
        },
    ]


def test_the_machine_is_described_but_not_named():
    facts = machine()
    assert facts["cores"] >= 1
    assert facts["memory_gb"] > 0
    assert facts["cpu"]
    # A name such as `vm` may be part of another word.
    words = " ".join(map(str, facts.values())).split()
    assert platform.node() not in words


@pytest.mark.parametrize(
    ("changed", "says"), [(None, ""), ("benchmarks/results/a.json", ""), ("benchmarks/a.py", "+")]
)
def test_a_commit_says_whether_anything_but_results_differs_from_it(
    tmp_path, monkeypatch, changed, says
):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    for name in ("benchmarks/results/a.json", "benchmarks/a.py"):
        (tmp_path / name).touch()
    author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    if changed:
        (tmp_path / changed).write_text("other")
    assert re.fullmatch(r"[0-9a-f]{12}" + re.escape(says), results.commit())
