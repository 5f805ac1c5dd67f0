"""`sluice run` as a person meets it: console, log, exit codes, Ctrl-C. On the toy pipeline."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, str(Path(__file__).parent / "toy_sluice.py")]
PROJECT = Path(__file__).parents[3]


def command(toy, *arguments):
    return [*PROGRAM, "run", "--config", str(toy.config), *arguments]


def run(toy, *arguments):
    return subprocess.run(
        command(toy, *arguments), capture_output=True, text=True, cwd=PROJECT, check=False
    )


def wait_for(path, process):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_console_is_plain_and_the_rest_is_in_the_log(toy):
    done = run(toy)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "Sluice: running toy"
    [log] = [line.split()[1] for line in lines if line.split()[:1] == ["log"]]
    assert "[2/3] Middle ... done (" in done.stdout
    assert "0.1250" in done.stdout
    assert "So it is." in done.stdout
    assert "\x1b" not in done.stdout
    text = Path(log).read_text()
    assert "absl::InitializeLog() is called" in text  # printed by C++
    assert "Going to run a new execution" in text  # logged by TFX


def test_a_withheld_model_is_no_success(tmp_path, toy):
    toy.config.write_text(toy.config.read_text().replace("seed: 7", "seed: 0"))
    done = run(toy, "--json")
    assert done.returncode == 3
    result = json.loads(done.stdout)
    assert result["pushed_version"] is None
    assert result["exit_code"] == 3
    assert result["nodes"] == {"Source": "done", "Middle": "done", "Sink": "done"}
    assert "FAIL: ndcg is 0.1." in done.stderr


def test_a_failed_node_is_told_in_a_line(toy):
    toy.order("fail")
    done = run(toy)
    assert done.returncode == 1
    assert "[2/3] Middle ... failed (" in done.stdout
    assert "Middle failed: ValueError: the middle gave way" in done.stdout
    assert "toy_pipeline.py, line" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    [log] = (toy.root / "logs").iterdir()
    assert str(log) in done.stdout
    assert "Traceback" in log.read_text()


def test_ctrl_c_ends_everything_and_the_next_run_goes_on(toy):
    toy.order("wait")
    process = subprocess.Popen(
        command(toy), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )
    waiting = Path(f"{toy.control}.waiting")
    wait_for(waiting, process)
    time.sleep(0.5)

    second = run(toy)  # while the first holds the root
    assert second.returncode == 1
    assert "only one run at a time" in second.stderr
    assert f"process {process.pid}" in second.stderr

    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert process.returncode == 130, err
    assert "[2/3] Middle ... interrupted (" in out
    assert "Interrupted. Finished nodes are kept" in out
    assert "Traceback" not in out + err
    child = int(waiting.read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert toy.outputs("Middle") == {}
    [log] = (toy.root / "logs").iterdir()
    assert "printed by the node" in log.read_text()

    toy.order("go on")
    again = run(toy)
    assert again.returncode == 0, again.stderr
    assert "[1/3] Source ... cached (" in again.stdout
    assert "[2/3] Middle ... done (" in again.stdout
    assert list(toy.outputs("Middle").values()) == ["abab"]
