"""What the server adds to the model: over gRPC against calls in the process of the model."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import run
from benchmarks.results import Row, at_least, at_most
from benchmarks.serving.load import Caller
from benchmarks.serving.sizes import Sizes
from benchmarks.serving.workshop import Workshop

# Enough that a batch waits while others are computed, and as few that none is refused.
CALLERS = 24
_COUNTED = 0.75  # share of a measurement of throughput, its end; before, batches find their sizes
_SHARE, _ADDED_MS = 0.8, 1.0


@dataclass(frozen=True)
class Side:
    """One measurement of a side.

    Attributes:
        calls_a_second: With `CALLERS` callers.
        p50_ms: Median time of an answer with one caller.
    """

    calls_a_second: float
    p50_ms: float


def overhead(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Both sides, which take turns."""
    measured = [
        (_in_process(shop, sizes, turn), _over_grpc(shop, sizes, turn))
        for turn in range(sizes.repeats)
    ]
    inside, outside = (_middle(list(side)) for side in zip(*measured, strict=True))
    return rows_of(inside, outside)


def rows_of(inside: Side, outside: Side) -> list[Row]:
    """The rows, from the model in the caller's process and from the server."""
    return [
        at_least(
            "throughput over gRPC, of that in process",
            outside.calls_a_second / inside.calls_a_second,
            "x",
            _SHARE,
            {"gRPC, calls/s": outside.calls_a_second, "in process": inside.calls_a_second},
        ),
        at_most(
            "p50 that the server adds, one caller",
            outside.p50_ms - inside.p50_ms,
            "ms",
            _ADDED_MS,
            {"gRPC, ms": outside.p50_ms, "in process": inside.p50_ms},
        ),
    ]


def throughput(caller: Caller, seconds: float) -> float:
    """Answers a second that the server gives when `CALLERS` callers always wait for one."""
    calls = caller.closed(CALLERS, seconds)
    until = calls.began + seconds
    return calls.answers_a_second(until - _COUNTED * seconds, until)


def _over_grpc(shop: Workshop, sizes: Sizes, turn: int) -> Side:
    with shop.server(f"overhead-{turn}") as (caller, _):
        alone = caller.closed(1, sizes.closed_seconds)
        return Side(throughput(caller, sizes.closed_seconds), alone.percentile_ms(50.0))


def _in_process(shop: Workshop, sizes: Sizes, turn: int) -> Side:
    folder = shop.fresh(f"in-process-{turn}")
    said = folder / "said.json"
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.serving.in_process_side"]
    command += [
        shop.model,
        shop.batching,
        shop.requests,
        str(CALLERS),
        str(sizes.closed_seconds),
        str(_COUNTED),
        said,
    ]
    return Side(**run(command, folder / "side.log", said).said)


def _middle(sides: list[Side]) -> Side:
    return Side(
        statistics.median(side.calls_a_second for side in sides),
        statistics.median(side.p50_ms for side in sides),
    )
