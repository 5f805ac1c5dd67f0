"""`python -m simulation`."""

import json
import subprocess
import sys

import polars as pl

from simulation.writing import ENTRIES


def simulate(*arguments):
    command = [sys.executable, "-m", "simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_writes_a_shop_and_tells_how_far_it_is(tmp_path):
    sizes = ["--events", "2000", "--days", "2", "--users", "10", "--items", "20"]
    done = simulate("--out", str(tmp_path), *sizes, "--seed", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    *progress, last = map(json.loads, done.stdout.splitlines())
    assert [line["rows"] for line in progress][-1] == last["summary"]["events"]
    assert len(pl.read_parquet(tmp_path / "users.parquet")) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ENTRIES)


def test_without_json_it_is_silent(tmp_path):
    done = simulate("--out", str(tmp_path), "--events", "100", "--days", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_cannot_be_is_wrong_usage(tmp_path):
    done = simulate("--out", str(tmp_path), "--events", "100", "--users", "100")
    assert done.returncode == 2
    assert done.stderr.startswith("Each user has a session of about 21 events")
    assert list(tmp_path.iterdir()) == []
