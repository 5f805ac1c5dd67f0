"""The cost of a training step as the catalogue grows: the sampled softmax must not notice."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.results import Row, at_most
from benchmarks.training.workshop import Workshop

_GROWTH = 1.25  # the largest catalogue over the smallest; rows of a large table are in no cache


def catalogue(workshop: Workshop) -> list[Row]:
    """A step over each size of catalogue."""
    sizes = workshop.sizes.catalogues
    smallest, largest = min(sizes), max(sizes)
    whole = {items: f"{items}:{items}" for items in sizes}
    alike = f"{largest}:{smallest}"
    found = workshop.side("benchmarks.training.catalogue_side", *whole.values(), alike)["seconds"]
    return rows_of({items: found[side] for items, side in whole.items()}, found[alike])


def rows_of(seconds: Mapping[int, float], as_many: float) -> list[Row]:
    """What was measured.

    Args:
        seconds: Size of the catalogue -> seconds of a step.
        as_many: Seconds of a step over the largest whose windows hold as many different items as
            the smallest has.
    """
    smallest, largest = min(seconds), max(seconds)
    growth = seconds[largest] / seconds[smallest]
    measure = f"a step over {largest:,} items, times one over {smallest:,}"
    alike = f"the same, with {smallest:,} different items in the windows of both"
    return [
        *(Row(f"milliseconds of a step, {n:,} items", 1e3 * s, "ms") for n, s in seconds.items()),
        at_most(measure, growth, "x", _GROWTH),
        Row(alike, as_many / seconds[smallest], "x"),
    ]
