"""What the server still does when three times as many callers come as it can answer."""

from __future__ import annotations

import numpy as np

from benchmarks.results import Row, at_least, at_most
from benchmarks.serving.calls import Calls
from benchmarks.serving.overhead import throughput
from benchmarks.serving.sizes import Sizes
from benchmarks.serving.workshop import Workshop

_TIMES_CAPACITY = 3.0
_DEADLINE_SECONDS = 1.0  # later, an answer is of no use to its caller
_SHARE, _RECOVERY_SECONDS = 0.8, 5.0
_TIMES_STEADY = 2.0
_WINDOW_SECONDS, _STEP_SECONDS = 1.0, 0.1


def overload(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Half of capacity, three times capacity, half of it again; as long each."""
    seconds = sizes.overload_seconds
    with shop.server("overload") as (caller, _):
        capacity = throughput(caller, sizes.closed_seconds)
        rates = (capacity / 2, _TIMES_CAPACITY * capacity, capacity / 2)
        with caller.open([(rate, seconds) for rate in rates], _DEADLINE_SECONDS) as load:
            pass
    return rows_of(load.calls, capacity, seconds)


def rows_of(calls: Calls, capacity: float, seconds: float) -> list[Row]:
    """The rows.

    Args:
        calls: Of the three phases.
        capacity: Answers a second of a server that is never without a caller.
        seconds: Of each phase.
    """
    over, after = calls.began + seconds, calls.began + 2 * seconds
    steady_ms = calls.between(calls.began, over).percentile_ms(99.0)
    meanwhile = calls.between(over, after)
    goodput = calls.answers_a_second(over, after)
    shares = {
        "goodput, calls/s": goodput,
        "capacity, calls/s": capacity,
        "offered, calls/s": len(meanwhile) / seconds,
        "p99 of answers, ms": meanwhile.where(meanwhile.answered).percentile_ms(99.0),
    }
    recovered = recovery_seconds(calls, after, _TIMES_STEADY * steady_ms)
    return [
        at_least("overload: goodput, of capacity", goodput / capacity, "x", _SHARE, shares),
        at_most("overload: recovery", recovered, "s", _RECOVERY_SECONDS, {"steady, ms": steady_ms}),
    ]


def recovery_seconds(calls: Calls, over: float, limit_ms: float) -> float:
    """Time from the end of the overload until a second in which all is well again.

    Args:
        calls: All calls.
        over: End of the overload.
        limit_ms: In that second no call fails, and 99 % wait at most so long.

    Returns:
        Until the beginning of that second; infinity where there is none.
    """
    last = float(calls.due[-1]) - _WINDOW_SECONDS
    for begin in np.arange(over, last, _STEP_SECONDS).tolist():
        window = calls.between(begin, begin + _WINDOW_SECONDS)
        if len(window) and not window.failed and window.percentile_ms(99.0) <= limit_ms:
            return begin - over
    return float("inf")
