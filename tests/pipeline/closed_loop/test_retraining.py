"""A retraining that cannot say how it ended, and a loop that is told to end."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.closed_loop.loop import settings_file
from pipeline.closed_loop.retraining import SluiceRun
from pipeline.errors import RunError
from pipeline.loading import load_settings

SLUICE = Path(sys.executable).with_name("sluice")
PATIENCE = 120  # seconds; a machine that has other work ends processes late


def command_of(process):
    """Its command; nothing of one that is over and not waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
        return process.cmdline()
    return []


def test_a_run_that_says_nothing_is_an_error_that_names_its_log(tmp_path):
    config = settings_file(tmp_path)
    settings = load_settings(config)
    settings.root.mkdir()
    with pytest.raises(RunError, match=r"exit code 1 and no JSON\. Read .*evening-3\.txt"):
        SluiceRun(config, settings)(3, store=None)
    assert "events" in (settings.root / "logs" / "evening-3.txt").read_text()


def test_a_settings_file_that_lies_there_is_used(tmp_path):
    (tmp_path / "settings.yaml").write_text("name: mine\n")
    assert settings_file(tmp_path).read_text() == "name: mine\n"


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
