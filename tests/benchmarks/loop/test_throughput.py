"""The consumers that are measured do all the work, and once."""

import shutil
from dataclasses import replace

import pytest

from benchmarks.loop.sizes import SMOKE
from benchmarks.loop.throughput import Run, consume, judge

RUN = Run(
    events=1000,
    entries=1000,
    applied_s=0.05,
    folded_s=0.1,
    cpu_s=0.05,
    redis_s=0.01,
    counted=1000,
)


@pytest.mark.slow
def test_two_consumers_fold_every_event_once(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")
    run = consume(tmp_path, replace(SMOKE, events=1000, users=30, items=50), 2, lists=True)
    assert run.entries == 1000
    assert run.counted == run.events > 1500


def holds(one, two):
    return {row.measure: row.holds for row in judge([one], [two], [one]) if row.bar}


def test_good_runs_hold_every_bar():
    assert all(holds(RUN, replace(RUN, folded_s=0.05)).values())


@pytest.mark.parametrize(
    ("one", "two", "failing"),
    [
        (replace(RUN, folded_s=0.2), replace(RUN, folded_s=0.1), "one consumer on one core"),
        (RUN, RUN, "two consumers over one"),
        (RUN, replace(RUN, folded_s=0.05, cpu_s=0.06), "the same, two over one"),
        (RUN, replace(RUN, folded_s=0.05, counted=1001), "events lost or doubled"),
        (replace(RUN, counted=999), replace(RUN, folded_s=0.05), "events lost or doubled"),
    ],
)
def test_each_bar_can_be_missed(one, two, failing):
    missed = [measure for measure, kept in holds(one, two).items() if not kept]
    assert len(missed) == 1
    assert missed[0].startswith(failing)
