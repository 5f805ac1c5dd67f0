"""What others do meanwhile is noticed, what one's own processes do is not."""

import subprocess
import sys

from benchmarks.serving.disturbance import disturbance

BUSY = "import time; until = time.monotonic() + 1.0\nwhile time.monotonic() < until: pass"


def test_own_processes_do_not_disturb(monkeypatch):
    with disturbance() as own:
        subprocess.run([sys.executable, "-c", BUSY], check=True)
    monkeypatch.setattr("benchmarks.serving.disturbance._own_seconds", lambda: 0.0)
    with disturbance() as foreign:
        subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert own.processors >= 0.0
    assert foreign.processors > 0.1
