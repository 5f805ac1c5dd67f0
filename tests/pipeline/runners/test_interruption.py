"""Signals become one KeyboardInterrupt, and no child outlives the run."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline.runners.interruption import Interruption, end_children

SLEEPER = "import time; time.sleep(300)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(300)"
)
TWICE = """
import os, signal, subprocess, sys, time
from pipeline.runners import interruption
interruption._SAME_KEYPRESS_SECONDS = 0.1
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
with interruption.Interruption():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    except KeyboardInterrupt:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(100)
"""


def send(number):
    """A signal to this process, and the time for it to arrive."""
    os.kill(os.getpid(), number)
    time.sleep(5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_interrupts(number):
    before = signal.signal(number, signal.SIG_DFL)  # the tests themselves may run under `nohup`
    try:
        with Interruption() as interruption:
            with pytest.raises(KeyboardInterrupt):
                send(number)
            assert interruption.requested
            with pytest.raises(KeyboardInterrupt):
                interruption.check()
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_hang_up_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.1)  # would raise here
        assert not interruption.requested
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nothing_is_raised_unasked():
    with Interruption() as interruption:
        interruption.check()
        assert not interruption.requested


def test_one_keypress_passed_on_twice_interrupts_once():
    with Interruption():
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # would raise here


def test_a_second_ctrl_c_ends_the_process_at_once():
    done = subprocess.run(
        [sys.executable, "-c", TWICE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130
    child = int(done.stdout)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_children_are_ended_and_stubborn_ones_killed():
    polite = subprocess.Popen([sys.executable, "-c", SLEEPER])
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    stubborn.stdout.readline()
    end_children(grace_seconds=1.0)
    assert polite.wait(5) == -signal.SIGTERM
    assert stubborn.wait(5) == -signal.SIGKILL
    stubborn.stdout.close()
