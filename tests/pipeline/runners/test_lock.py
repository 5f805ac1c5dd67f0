"""One run at a time in a root folder."""

import os
import subprocess
import sys

import pytest

from pipeline.errors import RunError
from pipeline.runners.lock import is_locked, locked, shared

HOLD = """
import sys, time, pathlib
from pipeline.runners.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_and_told_which_process_holds_it(tmp_path):
    with locked(tmp_path):
        assert is_locked(tmp_path)
        expected = pytest.raises(RunError, match=rf"only one run .* process {os.getpid()}\.")
        with expected, locked(tmp_path):
            pass
    with locked(tmp_path):
        pass
    assert not is_locked(tmp_path)


def test_runs_beside_each_other_are_seen_too(tmp_path):
    with shared(tmp_path):
        assert is_locked(tmp_path)
        with shared(tmp_path):
            assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_another_root_is_free(tmp_path):
    (tmp_path / "other").mkdir()
    with locked(tmp_path), locked(tmp_path / "other"):
        assert is_locked(tmp_path / "other")


def test_a_root_that_is_not_there_is_not_locked(tmp_path):
    assert not is_locked(tmp_path / "nowhere")


def test_a_killed_process_leaves_no_lock(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=f"process {holder.pid}"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        pass
