"""Schedules as processes: signals, kills, and two of them at once."""

import os
import signal

import psutil
import pytest

from pipeline.runners.lock import locked
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


def begun(works, span):
    return wait_until(lambda: ("begin", f"03-{span:02d}") in works.calls)


def test_sigterm_ends_the_run_that_is_under_way_and_the_next_schedule_goes_on(works):
    works.day(1)
    works.order({1: ["wait"]})
    process = works.start()
    begun(works, 1)
    second = works.start("--once")
    assert second.wait(60) == 1
    assert "only one schedule at a time" in second.stderr.read()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "2026-03-01 interrupted: the run was told to end" in out
    assert works.calls == [("begin", "03-01"), ("interrupted", "03-01")]
    works.look()
    assert works.told[2:] == [("01", "started"), ("01", "pushed")]


def test_a_kill_takes_the_run_along_and_leaves_nothing_stuck(works):
    works.day(1)
    works.order({1: ["wait"]})
    process = works.start()
    begun(works, 1)
    (child,) = psutil.Process(process.pid).children()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    again = works.start("--once", "--retry", "0s")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert "again, since the run before was killed" in out
    assert works.told == [("01", "started"), ("01", "started"), ("01", "pushed")]
    # Never two at once: each began after the one before had ended.
    assert [what for what, _ in works.calls] == ["begin", "interrupted", "begin", "end"]


def test_an_idle_schedule_sees_a_new_span_and_ends_at_once(works):
    works.day(1)
    process = works.start("--poll", "0.1s")
    begun(works, 1)
    works.day(2)
    begun(works, 2)
    wait_until(lambda: works.told[-1] == ("02", "pushed"))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line.split()[1:3] for line in out.splitlines()] == [
        *(["2026-03-01", "started:"], ["2026-03-01", "pushed:"]),
        *(["2026-03-02", "started:"], ["2026-03-02", "pushed:"]),
    ]


def test_a_run_by_hand_is_waited_for(works):
    works.day(1)
    with locked(works.root):
        process = works.start("--poll", "0.1s")
        waits = works.root / "schedule.lock"
        wait_until(lambda: waits.exists() and waits.read_text())
        assert works.told == []
    begun(works, 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
