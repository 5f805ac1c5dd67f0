"""Work beside the calls: it takes what time they leave."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_NICENESS = 5  # added: a third of what a call gets, where both want the same processor
_NICEST = 19

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """Do work in a thread that gives way to the others, and wait for it.

    It must be work that leaves the interpreter to others, such as TensorFlow's. The thread is one
    of its own because only a privileged process may take niceness back; threads that it starts
    inherit it.

    Returns:
        What the work returns; what it raises is raised.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="aside", initializer=_give_way) as thread:
        return thread.submit(work).result()


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere niceness belongs to the process
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(now + _NICENESS, _NICEST))
