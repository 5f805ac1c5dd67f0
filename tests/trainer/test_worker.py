"""A worker's own process, from its start on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow  # a process that imports TensorFlow

_START = """
import sys
from pathlib import Path
from trainer.distribution import _start
peers = ["127.0.0.1:1", "127.0.0.1:2"]  # of which nobody answers: a worker waits for them
Path(sys.argv[1]).write_text(str(_start(Path("nowhere.json"), peers, 0).pid))
"""


def test_a_worker_whose_parent_is_gone_before_it_has_begun_ends(tmp_path: Path) -> None:
    pid, log = tmp_path / "pid", tmp_path / "log"
    with log.open("w") as errors:
        # The worker inherits what its parent writes to: nobody waits for the end of a pipe.
        command = [sys.executable, "-c", _START, str(pid)]
        subprocess.run(command, check=True, stdout=errors, stderr=errors)
    worker = psutil.Process(int(pid.read_text()))
    deadline = time.monotonic() + 240
    try:
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
    except psutil.NoSuchProcess:
        pass  # between the two questions
    finally:
        if worker.is_running():
            worker.kill()
