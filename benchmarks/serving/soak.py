"""Whether memory stays where it is: a long load, and versions that take over all the while."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.processes import start
from benchmarks.results import Row, at_most
from benchmarks.serving.calls import Calls
from benchmarks.serving.memory import MEGABYTE, MemorySamples, megabytes_a_minute
from benchmarks.serving.overhead import throughput
from benchmarks.serving.releases import Releases, changed
from benchmarks.serving.sizes import Sizes
from benchmarks.serving.workshop import Workshop

_SHARE = 1 / 3  # of what the server can answer: a version that loads needs processors too
_SLOPE = 1.0  # MB a minute
_LEAK = 2.0 * _SLOPE  # what the control loses
_FEWEST = 3  # changes after the warm-up: two intervals, without which there is no slope
_LONGEST_SECONDS = 3600.0  # the load is stopped before
_SERVER, _CONTROL = "server", "control"


def soak(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Open load at a third of saturation, and a new version again and again."""
    releases = Releases(shop.model, shop.fresh("soak"))
    releases.push()
    with (
        shop.serving(releases.destination, releases.folder) as (caller, server),
        _leaking(releases.folder / "leak.log") as control,
    ):
        rate = throughput(caller, sizes.closed_seconds) * _SHARE
        resident = {_SERVER: server.rss_bytes, _CONTROL: lambda: int(control.memory_info().rss)}
        with caller.open([(rate, _LONGEST_SECONDS)]) as load, MemorySamples(resident) as samples:
            began = time.monotonic()
            warm: list[float] = []
            while time.monotonic() < began + sizes.soak_seconds or len(warm) < _FEWEST:
                change = changed(server.address, releases.push)
                if change.began >= began + sizes.soak_warm_up_seconds:
                    warm.append(change.available)
                time.sleep(sizes.soak_between_seconds)
            load.stop()
    return rows_of(samples, warm, load.calls)


def rows_of(samples: MemorySamples, warm: list[float], calls: Calls) -> list[Row]:
    """The rows.

    Args:
        samples: Memory of the server and of the control.
        warm: When versions became available after the warm-up.
        calls: Of the load.
    """
    slope, control = (
        megabytes_a_minute(samples.at, samples.bytes[name], warm) for name in (_SERVER, _CONTROL)
    )
    sizes = samples.bytes[_SERVER]
    facts = {
        "minutes": (samples.at[-1] - samples.at[0]) / 60.0,
        "versions after warm-up": float(len(warm)),
        "first, MB": sizes[0] / MEGABYTE,
        "last, MB": sizes[-1] / MEGABYTE,
        "highest, MB": max(sizes) / MEGABYTE,
        "calls": float(len(calls)),
    }
    return [
        at_most("soak: memory slope after warm-up", slope, "MB/min", _SLOPE, facts),
        at_most("soak: failed calls", calls.failed, "calls", 0),
        Row(
            f"control: memory slope of a process that loses {_LEAK:g} MB/min",
            control,
            "MB/min",
            "fails the check above",
            control > _SLOPE,
        ),
    ]


@contextlib.contextmanager
def _leaking(log: Path) -> Iterator[psutil.Process]:
    process = start([sys.executable, "-m", "benchmarks.serving.leak_side", str(_LEAK)], log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()
