"""Tests of the local workers, with real processes."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.trainer.jobs import job
from trainer import distribution
from trainer.distribution import TrainingFailedError, run_workers
from trainer.stall import CollapsedError, NotFiniteError, StalledError


@pytest.fixture
def worker_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Lets workers run a given script in place of a training; returns where to write it."""
    script = tmp_path / "worker.py"
    start = distribution.subprocess.Popen

    def run_script(command: list[str], **options: object) -> object:
        return start([sys.executable, str(script), *command[3:]], **options)

    monkeypatch.setattr(distribution.subprocess, "Popen", run_script)
    return script


def workers_of(script: Path) -> list[psutil.Process]:
    """Running processes of a script; other tests' servers may be children of this one, too."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile, collected or not
            if str(script) in child.cmdline():
                found.append(child)
    return found


def test_each_worker_knows_the_cluster_and_its_place(worker_script: Path, tmp_path: Path) -> None:
    worker_script.write_text(
        "import json, os, sys, pathlib\n"
        "config = json.loads(os.environ['TF_CONFIG'])\n"
        "index = config['task']['index']\n"
        "run = pathlib.Path(sys.argv[1]).parent\n"
        "(run / f'seen-{index}').write_text(','.join(config['cluster']['worker']))\n"
    )
    run_workers(job(tmp_path), workers=3)
    seen = [(tmp_path / "run" / f"seen-{i}").read_text() for i in range(3)]
    assert len(set(seen)) == 1
    assert len(set(seen[0].split(","))) == 3


def test_a_failed_worker_ends_its_peers_and_the_error_says_which(
    worker_script: Path, tmp_path: Path
) -> None:
    worker_script.write_text(
        "import json, os, sys, time\n"
        "index = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"
        "sys.exit(7) if index == 1 else time.sleep(600)\n"
    )
    started = time.monotonic()
    with pytest.raises(TrainingFailedError, match="worker 1 ended with exit code 7"):
        run_workers(job(tmp_path), workers=2, restarts=0)
    assert time.monotonic() - started < 30
    assert workers_of(worker_script) == []


def test_a_job_is_started_again_after_a_failure(worker_script: Path, tmp_path: Path) -> None:
    worker_script.write_text(
        "import pathlib, sys\n"
        "mark = pathlib.Path(sys.argv[1]).parent / 'tried'\n"
        "if not mark.exists():\n"
        "    mark.touch(); sys.exit(1)\n"
    )
    run_workers(job(tmp_path), workers=1, restarts=1)
    assert (tmp_path / "run" / "tried").exists()


@pytest.mark.parametrize("kind", [CollapsedError, NotFiniteError])
def test_a_training_that_goes_nowhere_is_named_and_not_started_again(
    worker_script: Path, tmp_path: Path, kind: type[StalledError]
) -> None:
    worker_script.write_text(
        "import pathlib, sys\n"
        f"from trainer.stall import {kind.__name__}, tell\n"
        "run = pathlib.Path(sys.argv[1]).parent\n"
        "with (run / 'tried').open('a') as tried:\n"
        "    tried.write('x')\n"
        f"tell({kind.__name__}('in epoch 3'), str(run))\n"
        "sys.exit(1)\n"
    )
    with pytest.raises(kind, match="in epoch 3"):
        run_workers(job(tmp_path), workers=1, restarts=3)
    assert (tmp_path / "run" / "tried").read_text() == "x"
    # What a training before told is forgotten: another failure is worth another try.
    worker_script.write_text("import sys; sys.exit(5)\n")
    with pytest.raises(TrainingFailedError, match="exit code 5"):
        run_workers(job(tmp_path), workers=1, restarts=1)


def test_a_killed_worker_counts_as_failed(worker_script: Path, tmp_path: Path) -> None:
    worker_script.write_text("import time; time.sleep(600)\n")

    def kill() -> None:
        for _ in range(100):
            for worker in workers_of(worker_script):
                worker.kill()
                return
            time.sleep(0.1)

    threading.Thread(target=kill).start()
    with pytest.raises(TrainingFailedError, match="exit code -9"):
        run_workers(job(tmp_path), workers=1, restarts=0)


def test_free_ports_differ_and_can_be_bound() -> None:
    ports = distribution.free_ports(5)
    assert len(set(ports)) == 5
    with socket.socket() as held:
        held.bind(("127.0.0.1", ports[0]))
