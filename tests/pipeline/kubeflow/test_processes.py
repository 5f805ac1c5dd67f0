"""Containers as processes: their order, their surroundings, their end. Real ones, but small."""

import contextlib
import json
import os
import signal
import sys
import threading
import time

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow import processes
from pipeline.kubeflow.specification import Container, Retry
from pipeline.kubeflow.surroundings import Volumes, secret_values
from tests.pipeline.kubeflow.conftest import gone
from tests.waiting import wait_until

CACHED = "print('sluice-outcome: ' + json.dumps({'state': 'cached'}))"


def container(name, code="", **more):
    command = (sys.executable, "-c", f"import json, os, sys, time\n{code}")
    return Container(name, command, **more)


class Board:
    def __init__(self):
        self.told = []

    def start(self, label):
        self.told.append(label)

    def end(self, label, state, seconds):
        assert seconds >= 0
        self.told.append((label, state))


@pytest.fixture
def run(tmp_path):
    """Runs containers: what the board was told; raises what the run raises."""

    def run_all(*containers, parallel=2, folders=None, secrets=None):
        machine = processes.Machine(
            Volumes(folders or {}), secrets or {}, tmp_path / "logs", parallel
        )
        board = Board()
        run_all.board = board
        states = processes.run(containers, machine, board)
        return states, board.told

    run_all.logs = tmp_path / "logs"
    return run_all


def wait_for(path):
    return wait_until(lambda: path.exists() and path.read_text(), 30.0)


def meeting(tmp_path, own, other):
    """Code that ends only where the other container runs at the same time."""
    return (
        f"open({str(tmp_path / own)!r}, 'w').close()\n"
        f"until = time.monotonic() + 20\n"
        f"while not os.path.exists({str(tmp_path / other)!r}):\n"
        "    assert time.monotonic() < until, 'nobody came'\n    time.sleep(0.01)"
    )


def test_each_waits_for_those_before_it_and_for_no_other(run, tmp_path):
    left, right = meeting(tmp_path, "l", "r"), meeting(tmp_path, "r", "l")
    states, told = run(
        container("a", CACHED),
        container("l", left, before=("a",)),
        container("r", right, before=("a",)),
        container("z", before=("l", "r")),
    )
    assert states == {"a": "cached", "l": "done", "r": "done", "z": "done"}
    assert told[:2] == ["a", ("a", "cached")]
    assert set(told[2:4]) == {"l", "r"}
    assert told[-2:] == ["z", ("z", "done")]


def test_no_more_run_at_a_time_than_asked(run, tmp_path):
    left, right = meeting(tmp_path, "l", "r"), meeting(tmp_path, "r", "l")
    left = left.replace("+ 20", "+ 1")
    with pytest.raises(processes.ContainerError, match="l failed: it ended with exit code 1"):
        run(container("l", left), container("r", right), parallel=1)


def test_a_failure_lets_the_running_end_and_starts_no_other(run):
    with pytest.raises(processes.ContainerError, match=r"^bad failed: it ended with exit code 3$"):
        run(
            container("bad", "sys.exit(3)"),
            container("slow", "time.sleep(1)"),
            container("after", before=("slow",)),
        )
    assert ("slow", "done") in run.board.told
    assert "after" not in run.board.told


def test_the_error_that_the_container_tells_is_the_error(run):
    code = "print('sluice-outcome: ' + json.dumps({'state': 'failed', 'error': 'a rule.'}))\n"
    with pytest.raises(processes.ContainerError, match="bad failed: a rule"):
        run(container("bad", f"{code}sys.exit(1)"))


def test_a_failed_container_is_started_again(run, tmp_path):
    count = tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('x')\nsys.exit(len(open({str(count)!r}).read()) < 3)"
    started = time.monotonic()
    states, _ = run(container("a", code, retry=Retry(times=2, wait=0.2, factor=2.0)))
    assert states == {"a": "done"}
    assert time.monotonic() - started > 0.6  # 0.2 and 0.4 seconds
    count.unlink()
    with pytest.raises(processes.ContainerError):
        run(container("a", code, retry=Retry(times=1)))
    assert count.read_text() == "xx"


def test_waits_grow_up_to_a_bound():
    retry = Retry(times=9, wait=10, factor=2.0, longest=60)
    assert [retry.wait_before(n) for n in (1, 2, 3, 4)] == [10, 20, 40, 60]


def test_a_timeout_ends_a_container_and_all_in_it(run, tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', "
        f"'import time; time.sleep(60)'])\nopen({str(pids)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(processes.ContainerError, match=r"a failed: .* its timeout of 5 s"):
        run(container("a", code, timeout=5.0))
    assert gone(int(pids.read_text()))


def test_a_killed_container_says_by_what(run):
    with pytest.raises(processes.ContainerError, match="a failed: it was killed by SIGKILL"):
        run(container("a", f"os.kill(os.getpid(), {int(signal.SIGKILL)})"))


def test_it_has_its_own_folder_and_no_variable_of_ours(run, tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "1")
    monkeypatch.setenv("PYTHONPATH", "code")
    seen = tmp_path / "seen"
    code = f"json.dump([os.getcwd(), dict(os.environ)], open({str(seen)!r}, 'w'))"
    run(
        container("a", code, environment={"DATA": "/sluice/x"}, secrets={"KEY": "s/k"}),
        folders={"/sluice": tmp_path},
        secrets={"KEY": "open-sesame", "OTHER": "not for a"},
    )
    folder, variables = json.loads(seen.read_text())
    assert variables.pop("PATH").startswith(os.path.dirname(sys.executable))  # noqa: PTH120
    for name in ("LC_CTYPE", "TF_USE_LEGACY_KERAS"):  # set by Python and by the installation
        variables.pop(name, None)
    assert variables == {
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.path.abspath("code"),  # noqa: PTH100
        "DATA": f"{tmp_path}/x",
        "KEY": "open-sesame",
    }
    assert not os.path.exists(folder)  # noqa: PTH110


def test_its_output_goes_to_its_log(run):
    run(container("a", "print('said'); print('and more', file=sys.stderr)"))
    assert sorted((run.logs / "a.log").read_text().split("\n")) == ["", "and more", "said"]


def test_an_interruption_ends_all(run, tmp_path):
    from pipeline.runners.interruption import Interruption

    pid = tmp_path / "pid"
    code = f"open({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    threading.Thread(target=lambda: (wait_for(pid), os.kill(os.getpid(), signal.SIGINT))).start()
    with Interruption(), pytest.raises(KeyboardInterrupt):
        run(container("a", code), container("b", before=("a",)))
    assert run.board.told == ["a", ("a", "interrupted")]
    assert gone(int(pid.read_text()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/sluice", "/local"),
        ('{"root":"/sluice/shop"}', '{"root":"/local/shop"}'),
        ("--x=/sluice/a:/sluice/b", "--x=/local/a:/local/b"),
        ("/sluice2/a", "/sluice2/a"),
        ("/sluice-old", "/sluice-old"),
        ("gs://bucket/sluice/a", "gs://bucket/sluice/a"),
        ("/other/sluice", "/other/sluice"),
        ("/sluice/models/a", "/elsewhere/a"),
    ],
)
def test_paths_on_a_volume_are_exchanged(text, expected):
    from pathlib import Path

    volumes = Volumes({"/sluice": Path("/local"), "/sluice/models": Path("/elsewhere")})
    assert volumes.localized(text) == expected


def test_every_mount_needs_a_folder(tmp_path):
    own = str(tmp_path)
    assert Volumes.for_mounts([own], {}).localized(f"{own}/a") == f"{own}/a"
    with pytest.raises(RunError, match=r"/sluice is not there\. Say --mount /sluice=FOLDER"):
        Volumes.for_mounts(["/sluice"], {})
    with pytest.raises(RunError, match=r"Received: /data\. There are: /sluice"):
        Volumes.for_mounts(["/sluice"], {"/data": tmp_path})


def test_secrets_come_from_variables_of_the_same_name(monkeypatch):
    one = container("a", secrets={"KEY": "store/key"})
    monkeypatch.delenv("KEY", raising=False)
    with pytest.raises(RunError, match=r"Received: no KEY \(there: store/key\)"):
        secret_values([one])
    monkeypatch.setenv("KEY", "open-sesame")
    assert secret_values([one]) == {"KEY": "open-sesame"}
    with contextlib.suppress(KeyError):
        monkeypatch.delenv("KEY")
    assert secret_values([container("b")]) == {}
