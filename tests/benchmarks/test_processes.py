"""Sides in fresh processes: what they cost, what they say, and how they fail."""

import sys

import pytest

from benchmarks.processes import CORES, SideError, run


def side(tmp_path, code, **options):
    command = [sys.executable, "-c", code, str(tmp_path / "said.json")]
    return run(command, tmp_path / "side.log", tmp_path / "said.json", **options)


HOLD = "held = bytearray(b'x') * 80_000_000; import time; time.sleep(0.5)"


def test_memory_counts_that_of_children(tmp_path):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}])"
    assert side(tmp_path, HOLD).peak_bytes > 80e6
    assert side(tmp_path, child).peak_bytes > 80e6
    assert side(tmp_path, "import time; time.sleep(0.5)").peak_bytes < 80e6


def test_a_side_has_the_same_cores_as_the_others_and_says_what_it_found(tmp_path):
    code = (
        "import os, sys, pathlib; from benchmarks.said import report;"
        "report(pathlib.Path(sys.argv[1]), cores=len(os.sched_getaffinity(0)), x=os.environ['X'])"
    )
    cost = side(tmp_path, code, environment={"X": "seen"})
    assert cost.said["x"] == "seen"
    assert 1 <= cost.said["cores"] <= CORES
    assert cost.seconds > 0


def test_an_old_report_is_not_taken_for_a_new_one(tmp_path):
    (tmp_path / "said.json").write_text('{"seconds": 1}')
    assert side(tmp_path, "pass").said == {}


def test_a_failing_side_shows_the_end_of_what_it_printed(tmp_path):
    with pytest.raises(SideError, match=r"must end with code 0\. Received: 3 .*\nthe reason"):
        side(tmp_path, "print('the reason', flush=True); raise SystemExit(3)")
