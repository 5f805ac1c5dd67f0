"""The slope of memory, and a process that loses some."""

import sys
import time

import numpy as np
import psutil
import pytest

from benchmarks.processes import start
from benchmarks.serving.memory import MemorySamples, megabytes_a_minute
from benchmarks.serving.soak import rows_of
from tests.benchmarks.serving.calls import calls_of

AT = np.arange(0.0, 900.0, 0.5)
CHANGES = list(np.arange(0.0, 900.0, 60.0))
# While a version is loaded, 300 MB more, at another height each time.
PEAKS = np.where(AT % 60.0 < 15.0, 3e8 + 1e7 * np.sin(AT), 0.0)


def memory(megabytes_a_minute):
    return (5e8 + 1e6 * megabytes_a_minute * AT / 60.0 + PEAKS).astype(int).tolist()


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.9, 2.0])
def test_the_slope_is_that_of_what_stays(slope):
    assert megabytes_a_minute(AT, memory(slope), CHANGES) == pytest.approx(slope, abs=0.02)


def test_the_warm_up_does_not_count():
    grows_first = np.array(memory(0.0)) - np.where(AT < 180.0, 4e8, 0.0)
    assert megabytes_a_minute(AT, grows_first, CHANGES) > 1.0
    assert megabytes_a_minute(AT, grows_first, CHANGES[3:]) == pytest.approx(0.0, abs=0.02)


def test_one_interval_has_no_slope():
    with pytest.raises(ValueError, match=r"two intervals .* Received: 1\. Measure longer"):
        megabytes_a_minute(AT, memory(0.0), CHANGES[:2])


@pytest.mark.parametrize(
    ("server", "control", "holds"),
    [(0.9, 2.0, [True, True, True]), (1.1, 2.0, [False, True, True]), (0.0, 0.5, [True] * 2 + [0])],
)
def test_bars(server, control, holds):
    samples = MemorySamples({})
    samples.at, samples.bytes = list(AT), {"server": memory(server), "control": memory(control)}
    rows = rows_of(samples, CHANGES, calls_of((0, 1, 1)))
    assert [row.holds for row in rows] == holds
    failing = rows_of(samples, CHANGES, calls_of((0, 1, 1), (0, 1, None)))
    assert failing[1].holds is False


def test_a_process_that_loses_memory_is_noticed(tmp_path):
    command = [sys.executable, "-m", "benchmarks.serving.leak_side"]
    processes = [start([*command, rate], tmp_path / f"{rate}.log") for rate in ("600", "0")]
    try:
        time.sleep(1.0)
        leaking, still = (psutil.Process(process.pid) for process in processes)
        resident = {"leaking": lambda: leaking.memory_info().rss}
        resident["still"] = lambda: still.memory_info().rss
        with MemorySamples(resident) as samples:
            time.sleep(4.0)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    changes = [samples.at[0], samples.at[2], samples.at[4], samples.at[-1]]
    slopes = [megabytes_a_minute(samples.at, samples.bytes[n], changes) for n in resident]
    assert slopes == [pytest.approx(600, rel=0.5), pytest.approx(0, abs=30)]
