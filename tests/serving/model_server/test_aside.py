"""Work beside the calls."""

import os
import sys
import threading

import pytest

from serving.model_server.aside import aside


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_what_the_work_returns_is_returned():
    assert aside(lambda: [1]) == [1]


def test_what_the_work_raises_is_raised():
    with pytest.raises(ValueError, match="no such model"):
        aside(lambda: (_ for _ in ()).throw(ValueError("no such model")))


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of a thread")
def test_the_work_gives_way_and_nothing_else_does():
    before = niceness()
    assert aside(niceness) > before or before == 19
    assert niceness() == before
