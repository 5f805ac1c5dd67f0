"""What callers see while versions take over: three pushes and a rollback under load."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.results import Row, at_most
from benchmarks.serving.calls import Calls
from benchmarks.serving.overhead import throughput
from benchmarks.serving.releases import Change, Releases, changed, without_warm_up
from benchmarks.serving.sizes import Sizes
from benchmarks.serving.unloading import unloaded_first
from benchmarks.serving.workshop import Workshop

_TIMES_STEADY = 2.0
_SETTLE_SECONDS = 1.0  # a change lasts until so long after its version answers
_LONGEST_SECONDS = 3600.0  # the load is stopped before
_FIRST = 1  # the version that is there before the load

# Address of the server -> what is to be released, one after the other.
Plan = Callable[[str], Sequence[Callable[[], int]]]


@dataclass(frozen=True)
class Seen:
    """What callers saw.

    Attributes:
        failed: Calls without an answer.
        wrong: Answers from a version that was not to answer that call.
        steady_ms: 99 % of the callers before the first change waited at most so long.
        during_ms: The same of those who came during one.
    """

    failed: int
    wrong: int
    steady_ms: float
    during_ms: float

    @property
    def times_steady(self) -> float:
        """The wait during a change over that before."""
        return self.during_ms / self.steady_ms

    @property
    def waits(self) -> dict[str, float]:
        """Both, by name."""
        return {"during, ms": self.during_ms, "steady, ms": self.steady_ms}

    @property
    def well(self) -> bool:
        """Whether the changes went as they are to go."""
        return not self.failed and not self.wrong and self.times_steady <= _TIMES_STEADY


def swap(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Changes that are to go well, and two that are not."""
    return rows_of(_hot(shop, sizes), _cold(shop, sizes), _unloaded_first(shop, sizes))


def rows_of(seen: Seen, cold: Seen, unloaded: Seen) -> list[Row]:
    """The rows, from the changes, from one without warm-up and from one after unloading."""
    return [
        at_most("swaps: failed calls", seen.failed, "calls", 0),
        at_most("swaps: answers of a wrong version", seen.wrong, "calls", 0),
        at_most("swaps: p99 over steady", seen.times_steady, "x", _TIMES_STEADY, seen.waits),
        _control("control: p99 over steady without warm-up", cold.times_steady, "x", cold),
        _control(
            "control: failed calls where it is unloaded first", unloaded.failed, "calls", unloaded
        ),
    ]


def _control(measure: str, value: float, unit: str, seen: Seen) -> Row:
    # A server that fails by itself shows nothing about the change.
    fails = math.isfinite(seen.steady_ms) and not seen.well
    facts = {**seen.waits, "failed": float(seen.failed)}
    return Row(measure, value, unit, "fails the checks above", fails, facts)


def what_callers_saw(calls: Calls, changes: Sequence[Change]) -> Seen:
    """Judges the calls of a load.

    Args:
        calls: All calls.
        changes: In their order.
    """
    during = np.zeros(len(calls), np.bool_)
    for change in changes:
        over = change.available + _SETTLE_SECONDS
        during |= (calls.due >= change.began) & (calls.due < over)
    before = calls.due < changes[0].began
    published = {_FIRST: -np.inf} | {change.version: change.began for change in changes}
    return Seen(
        failed=calls.failed,
        wrong=wrong_versions(calls, published),
        steady_ms=calls.where(before).percentile_ms(99.0),
        during_ms=calls.where(during).percentile_ms(99.0),
    )


def wrong_versions(calls: Calls, published: Mapping[int, float]) -> int:
    """Answers of no published version, or of an older one than an earlier caller already had.

    Args:
        calls: All calls.
        published: Version -> from when on it may answer.
    """
    answers = calls.where(calls.answered)
    since = np.array([published.get(int(version), np.inf) for version in answers.version])
    order = np.argsort(answers.ended, kind="stable")
    newest = np.maximum.accumulate(np.append(0, answers.version[order]))
    had = newest[np.searchsorted(answers.ended[order], answers.due)]
    return int(np.count_nonzero((answers.ended < since) | (answers.version < had)))


def _hot(shop: Workshop, sizes: Sizes) -> Seen:
    releases = Releases(shop.model, shop.fresh("swap"))
    releases.push()
    acts = [*[releases.push] * sizes.pushes, releases.roll_back]
    return _under_load(shop, sizes, releases, lambda _: acts)


def _cold(shop: Workshop, sizes: Sizes) -> Seen:
    folder = shop.fresh("swap-control")
    releases = Releases(shop.model, folder)
    releases.push()
    releases.model = without_warm_up(shop.model, folder)
    return _under_load(shop, sizes, releases, lambda _: [releases.push])


def _unloaded_first(shop: Workshop, sizes: Sizes) -> Seen:
    releases = Releases(shop.model, shop.fresh("swap-unloading"))
    releases.push()
    act = partial(unloaded_first, base_path=releases.destination, release=releases.push)
    return _under_load(shop, sizes, releases, lambda address: [partial(act, address)])


def _under_load(shop: Workshop, sizes: Sizes, releases: Releases, plan: Plan) -> Seen:
    with shop.serving(releases.destination, releases.folder) as (caller, server):
        rate = throughput(caller, sizes.closed_seconds) / 2
        with caller.open([(rate, _LONGEST_SECONDS)]) as load:
            changes = []
            for act in plan(server.address):
                time.sleep(sizes.between_swaps_seconds)
                changes.append(changed(server.address, act))
            time.sleep(2 * _SETTLE_SECONDS)
            load.stop()
    return what_callers_saw(load.calls, changes)
