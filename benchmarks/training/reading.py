"""Whether the trainer waits for its rows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.results import Row, at_most
from benchmarks.training.workshop import SETTINGS, Workshop

_SHARE = 0.5  # of a pass: batches are read ahead, so one that takes less time waits for nobody


def reading(workshop: Workshop) -> list[Row]:
    """Reading a pass beside training with it."""
    workshop.prepare()
    module = "benchmarks.training.retriever_side"
    return rows_of(workshop.side(module, SETTINGS, workshop.rows, 4 * workshop.sizes.passes))


def rows_of(found: Mapping[str, Any]) -> list[Row]:
    """What was measured.

    Args:
        found: The seconds of each pass of the retriever, and of a pass that only reads.
    """
    seconds: Sequence[float] = found["seconds"][1:]
    share = float(found["input_seconds"]) / statistics.median(seconds)
    return [at_most("reading a pass, times training with it", share, "x", _SHARE)]
