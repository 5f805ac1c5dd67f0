"""`sluice data simulate` at the command line."""

import json
import shlex
import subprocess
import sys

import polars as pl
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands import simulate as command

SIZES = ("--events", "2000", "--days", "2", "--items", "20", "--seed", "1")


def simulate(*arguments):
    return CliRunner().invoke(app, ["data", "simulate", *map(str, arguments)])


@pytest.fixture
def replaced(monkeypatch):
    """Puts a program in the place of the simulation; returns the commands that were started."""
    started = []
    popen = subprocess.Popen

    def replace(program):
        def start(command, **options):
            started.append(command)
            return popen([sys.executable, "-c", program], **options)

        monkeypatch.setattr(command.subprocess, "Popen", start)
        return started

    return replace


def test_it_writes_a_shop_and_says_where_and_what_next(tmp_path):
    out = tmp_path / "my shop"
    result = simulate(out, *SIZES, "--drift", "0.5")
    assert result.exit_code == 0
    rows = len(pl.read_parquet(out / "events" / "*" / "*.parquet"))
    assert f"{out / 'events'}: {rows:,} rows in 2 files" in result.stdout
    assert "20 rows" in result.stdout
    assert "from 2024-01-02 on" in result.stdout
    assert "a second" in result.stdout
    (following,) = [line for line in result.stdout.splitlines() if line.startswith("Next: ")]
    words = shlex.split(following.removeprefix("Next: "))
    assert words[:2] == ["sluice", "init"]
    for name in ("events", "items", "users"):
        path = out / (name if name == "events" else f"{name}.parquet")
        assert words[words.index(f"--{name}") + 1] == str(path)
        assert path.exists()


def test_the_next_command_works(tmp_path):
    following = simulate(tmp_path / "shop", *SIZES).stdout.splitlines()[-1]
    words = shlex.split(following.removeprefix("Next: sluice "))
    config = tmp_path / words.pop()
    result = CliRunner().invoke(app, [*words, str(config)])
    assert result.exit_code == 0, result.output
    written = config.read_text()
    for feature in ("category", "title", "description", "price", "age", "country"):
        assert f"name: {feature}," in written


def test_json_is_all_that_stands_on_standard_output(tmp_path):
    facts = json.loads(simulate(tmp_path, *SIZES, "--json").stdout)
    assert facts["folder"] == str(tmp_path)
    assert facts["events"] == sum(facts["event_types"].values())
    assert (facts["users"], facts["items"], facts["days"]) == (20, 20, 2)
    assert facts["drift_time"] is None
    assert facts["seconds"] > 0


def test_every_option_reaches_the_simulation(replaced, tmp_path):
    started = replaced("raise SystemExit(1)")
    simulate(tmp_path, *SIZES, "--users", "5", "--drift", "0.5", "--heavy-user", "9")
    (given,) = started
    assert set(given[4:]) == {
        *("--events=2000", "--days=2", "--items=20", "--seed=1", "--users=5", "--drift=0.5"),
        *("--heavy-user=9", f"--out={tmp_path}", "--json"),
    }


def test_sizes_that_cannot_be_are_wrong_usage(tmp_path):
    result = simulate(tmp_path, "--events", "100", "--users", "100")
    assert result.exit_code == 2
    assert "must be those of at most 4 users. Received: 100 users" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_shop_is_not_written_over(tmp_path):
    assert simulate(tmp_path, *SIZES).exit_code == 0
    result = simulate(tmp_path, *SIZES)
    assert result.exit_code == 2
    assert "must go where there is none yet" in result.stderr


def test_a_failure_is_told_in_a_line(replaced, tmp_path):
    replaced("raise SystemError('the disk is full')")
    result = simulate(tmp_path)
    assert result.exit_code == 1
    assert "SystemError: the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    assert "... failed" in result.stdout


def test_an_interrupted_simulation_ends_with_130(replaced, tmp_path):
    replaced("raise SystemExit(130)")
    result = simulate(tmp_path)
    assert result.exit_code == 130
    assert "Interrupted." in result.stderr


def test_whoever_stops_listening_stops_the_simulation(replaced, tmp_path, monkeypatch):
    """Without the signal it would sleep on, and this test with it."""
    started = replaced(
        "import sys, time\nprint('{\"rows\": 1}', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    sys.exit(130)"
    )

    def interrupt(self, detail):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.console.Step.tell", interrupt)
    result = simulate(tmp_path)
    assert result.exit_code == 130
    assert len(started) == 1
