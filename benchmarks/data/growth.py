"""How costs grow with the log: seconds an event, and memory."""

from __future__ import annotations

from itertools import combinations

from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row, at_most

# An event of a larger log may cost so much more, and the whole so much more memory.
_TIME, _MEMORY = 1.15, 1.15
_MEGABYTE = 1e6


def growth(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Sluice's side on logs of several sizes."""
    costs = {events: run_once(shop, Side.SLUICE, shop.log(events)) for events in sizes.growth}
    micros = {events: cost.said["seconds"] / events * 1e6 for events, cost in costs.items()}
    peaks = {events: cost.peak_bytes / _MEGABYTE for events, cost in costs.items()}
    largest = sizes.growth[-1]
    return [
        at_most(
            "time an event, largest growth from a smaller to a larger log",
            max(micros[more] / micros[less] for less, more in combinations(sizes.growth, 2)),
            "x",
            _TIME,
            {f"{events:,} events (µs an event)": value for events, value in micros.items()},
        ),
        at_most(
            f"peak memory of all processes, {largest:,} events over {sizes.growth[-2]:,}",
            peaks[largest] / peaks[sizes.growth[-2]],
            "x",
            _MEMORY,
            {f"{events:,} events (MB)": value for events, value in peaks.items()},
        ),
    ]
