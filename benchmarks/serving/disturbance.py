"""What else the machine did while something was measured."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass
class Disturbance:
    """Processor time that others took.

    Attributes:
        processors: How many processors they kept busy; known once its context is left.
    """

    processors: float = 0.0


@contextmanager
def disturbance() -> Iterator[Disturbance]:
    """Counts what others take while the context is open.

    Processes that this one starts count as its own if they end before the context is left.
    """
    found = Disturbance()
    began, all_before, own_before = time.monotonic(), _all_seconds(), _own_seconds()
    yield found
    others = (_all_seconds() - all_before) - (_own_seconds() - own_before)
    found.processors = max(0.0, others / (time.monotonic() - began))


def _all_seconds() -> float:
    spent = psutil.cpu_times()
    return float(spent.user + spent.system + getattr(spent, "nice", 0.0))


def _own_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
