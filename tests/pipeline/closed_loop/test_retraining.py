"""A retraining that cannot say how it ended, and a loop that is told to end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.closed_loop.loop import settings_file
from pipeline.closed_loop.record import DayRecord, Footprint
from pipeline.closed_loop.retraining import SluiceRun
from pipeline.commands.closed_loop import _ending
from pipeline.errors import RunError
from pipeline.loading import load_settings
from tests.waiting import wait_until

DAY = DayRecord(
    day=0,
    date="2026-03-01",
    planted=(),
    versions={0: 1},
    quality={"lists": 1, "clicks": 0, "expected": 1.0, "best": 1.0, "own_page": 1.0, "rungs": {}},
    earnings=None,
    retraining=None,
    footprint=Footprint(None, None, 1.0, 1, 0, 0),
    seconds=1.0,
)
SLUICE = Path(sys.executable).with_name("sluice")
PATIENCE = 120  # seconds; a machine that has other work ends processes late


def command_of(process):
    """Its command; nothing of one that is over and not waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
        return process.cmdline()
    return []


def test_a_run_that_does_not_begin_is_an_error_that_names_its_log(tmp_path):
    config = settings_file(tmp_path)
    settings = load_settings(config)
    settings.root.mkdir()
    with pytest.raises(RunError, match=r"exit code 1 and .*events.* Read .*evening-3\.txt"):
        SluiceRun(config, settings)(3, store=None)
    assert "events" in (settings.root / "logs" / "evening-3.txt").read_text()


def test_a_settings_file_that_lies_there_is_used(tmp_path):
    (tmp_path / "settings.yaml").write_text("name: mine\n")
    assert settings_file(tmp_path).read_text() == "name: mine\n"


@pytest.mark.parametrize(
    ("code", "said", "failed"),
    [
        (0, {"pushed_version": None, "verdict": {"summary": "ok"}}, False),
        (3, {"pushed_version": None, "verdict": {"summary": "worse"}}, False),
        (1, {"error": "Ranker failed: no memory"}, True),
    ],
)
def test_a_training_that_broke_off_is_not_called_withheld(
    tmp_path, monkeypatch, capsys, code, said, failed
):
    config = settings_file(tmp_path)
    settings = load_settings(config)
    settings.root.mkdir()
    program = (
        f"import sys; print({json.dumps(json.dumps({'run_id': 'r', **said}))}); sys.exit({code})"
    )
    stand_in = tmp_path / "sluice"
    stand_in.write_text(f"#!{sys.executable}\n{program}\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("pipeline.closed_loop.retraining._SLUICE", stand_in)
    done = SluiceRun(config, settings)(3, store=None)
    assert done.failed == failed
    assert _ending(done) == ("broke off (Ranker failed: no memory)" if failed else "withheld")


@pytest.mark.slow
def test_a_kill_takes_the_retraining_along(tmp_path):
    config = settings_file(tmp_path)
    load_settings(config).root.mkdir()
    began = tmp_path / "began"
    stand_in = tmp_path / "sluice"
    stand_in.write_text(f"#!/bin/sh\necho $$ > {began}\nexec sleep 600\n")
    stand_in.chmod(0o755)
    program = (
        "import sys, pathlib\n"
        "from pipeline.closed_loop import retraining\n"
        "from pipeline.loading import load_settings\n"
        "retraining._SLUICE, config = map(pathlib.Path, sys.argv[1:])\n"
        "retraining.SluiceRun(config, load_settings(config))(3, store=None)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, stand_in, config]) as loop:
        try:
            wait_until(lambda: began.exists() and began.read_text().strip(), PATIENCE)
            training = psutil.Process(int(began.read_text()))
            assert training.is_running()
        finally:
            loop.kill()
    wait_until(lambda: not command_of(training), PATIENCE)


@pytest.mark.parametrize("swallowed", ["by an error", "whole"])
def test_an_interruption_that_was_swallowed_ends_the_loop(tmp_path, monkeypatch, swallowed):
    def run_loop(plan, folder, settings, train, tell):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        if swallowed == "by an error":
            raise RunError("the simulated shop must answer. Received: the end of its output.")
        tell([DAY])
        raise AssertionError("the loop goes on")

    monkeypatch.setattr("pipeline.closed_loop.loop.run_loop", run_loop)
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "loop"), "--loop"])
    assert done.exit_code == 130, done.output


@pytest.mark.slow
def test_a_loop_that_is_told_to_end_leaves_nothing_running(tmp_path):
    command = [SLUICE, "simulate", tmp_path / "loop", "--loop", "--before=1000", "--visitors=5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("day -999 ")
            children = psutil.Process(process.pid).children(recursive=True)
            assert any("simulation.live" in command_of(child) for child in children)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 130
    assert not [child for child in children if child.is_running()]
    assert (tmp_path / "loop" / "timeline.json").exists()
