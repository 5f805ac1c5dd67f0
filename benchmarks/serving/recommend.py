"""How many lists the server gives a second, and how long callers wait at half of that."""

from __future__ import annotations

from benchmarks.results import Row, at_most
from benchmarks.serving.overhead import throughput
from benchmarks.serving.sizes import Sizes
from benchmarks.serving.workshop import Workshop

_P99_MS = 15.0


def recommend(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Saturation with callers who always wait, then callers who come when they come."""
    with shop.server("recommend") as (caller, _):
        saturation = throughput(caller, sizes.closed_seconds)
        with caller.open([(saturation / 2, sizes.steady_seconds)]) as load:
            pass
    calls = load.calls
    return [
        Row("recommend: saturation", saturation, "calls/s"),
        at_most(
            "recommend: p99 at half of saturation",
            calls.percentile_ms(99.0),
            "ms",
            _P99_MS,
            {
                "p50": calls.percentile_ms(50.0),
                "p99.9": calls.percentile_ms(99.9),
                "calls": float(len(calls)),
                "failed": float(calls.failed),
            },
        ),
    ]
