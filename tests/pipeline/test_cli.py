"""The command as a whole: help, speed, exit codes."""

import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from pipeline.cli import app

VERBS = {
    *("init", "run", "serve", "recommend", "predict", "report", "status", "demo", "data"),
    *("rollback", "promote", "serving-config", "stream", "experiment", "canary"),
    *("erase", "refresh-items", "schedule", "simulate"),
}
GROUPS = {
    "data": ("fetch", "simulate"),
    "stream": ("consume", "compact", "status", "watch"),
    "experiment": ("publish", "report"),
}
HEAVY = ("tensorflow", "tfx", "apache_beam", "polars", "pyarrow", "ml_metadata", "pydantic", "rich")


def invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_help_names_every_verb_and_every_exit_code():
    text = invoke("--help").stdout
    named = {
        line.split()[0] for line in text.splitlines() if line.startswith("  ") and line.split()
    }
    assert named >= VERBS
    for code in ("0    ok", "1    failure", "2    wrong usage", "3    the run finished", "130"):
        assert code in text


@pytest.mark.parametrize(
    "verb",
    [
        *sorted(VERBS - set(GROUPS)),
        *(f"{group} {verb}" for group, verbs in GROUPS.items() for verb in verbs),
    ],
)
def test_every_verb_has_examples(verb):
    result = invoke(*verb.split(), "--help")
    assert result.exit_code == 0
    assert f"Examples:\n    sluice {verb}" in result.stdout
    assert "..." not in result.stdout.split("Options:")[0].replace("date ...", "")


def test_the_command_starts_without_loading_anything_heavy():
    code = (
        "import sys\nsys.argv = ['sluice', '--help']\nfrom pipeline import cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - started < 5  # a second on a quiet machine
    assert "loaded: []" in done.stdout


def test_wrong_settings_end_with_2_and_nothing_is_done(tmp_path):
    config = tmp_path / "my.yaml"
    config.write_text("name: shop\nroot: runs\nworker: 2\ndata: {events: {path: log.csv}}\n")
    for verb in ("run", "status", "report"):
        result = invoke(verb, "--config", str(config))
        assert result.exit_code == 2
        assert "Nearest right key: `workers`" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


def test_data_that_are_not_there_end_with_1_before_anything_is_loaded(tmp_path):
    config = tmp_path / "my.yaml"
    config.write_text("name: shop\nroot: runs\ndata: {events: {path: log.csv}}\n")
    result = invoke("run", "--config", str(config))
    assert result.exit_code == 1
    assert "`data.events.path`" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--config"),
        (["run", "--config", "x", "--workers", "0"], "--workers"),
        (["serve"], "give either --config or --base-path"),
        (["serve", "--config", "x", "--base-path", "y"], "give either --config or --base-path"),
        (["serve", "--base-path", "y", "--port", "70000"], "--port"),
        (["predict", "--config", "x"], "--users"),
        (["nothing"], "nothing"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, words):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_serve_passes_the_refusal_of_the_server_on(tmp_path, capfd):
    result = invoke("serve", "--base-path", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
