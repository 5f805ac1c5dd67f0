"""Real events a second: those that are predicted; padding is none of them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.results import Row, at_least
from benchmarks.training.workshop import SETTINGS, Workshop

_TIMES = 3.0  # as fast as a peer
OURS = "retriever"
TWO_TOWER = "TFRS two-tower loop"
SAME_LOSS, OTHER_LOSS = "RecTools SASRec, sampled softmax", "RecTools SASRec, full softmax"


class _Pass(NamedTuple):
    """Seconds of the passes of a side, and the events of each."""

    seconds: list[float]
    events: int


def speed(workshop: Workshop) -> list[Row]:
    """All sides in turns; medians over all passes but the first of each."""
    events = workshop.prepare()
    sides = _sides(workshop, events)
    rates = defaultdict[str, list[float]](list)
    for _ in range(workshop.sizes.rounds):
        for name, side in sides.items():
            found = side()
            rates[name] += [found.events / seconds for seconds in found.seconds[1:]]
    return rows_of(rates)


def rows_of(rates: Mapping[str, Sequence[float]]) -> list[Row]:
    """What was measured.

    Args:
        rates: Side -> events a second in each of its passes.
    """
    rate = {name: statistics.median(found) for name, found in rates.items()}
    ours = rate.pop(OURS)
    rows = [Row("events a second", ours, "1/s", peers=rate)]
    for name, of_peer in rate.items():
        row = at_least(f"times the events a second of: {name}", ours / of_peer, "x", _TIMES)
        rows.append(Row(row.measure, row.value, row.unit) if name == OTHER_LOSS else row)
    return rows


def _sides(workshop: Workshop, events: int) -> dict[str, Callable[[], _Pass]]:
    passes = workshop.sizes.passes
    settings = workshop.settings()
    model, length = settings.retriever, settings.examples.history_length

    def retriever() -> _Pass:
        module = "benchmarks.training.retriever_side"
        # Its passes are the shortest, so a median of more of them costs no more time.
        found = workshop.side(module, SETTINGS, workshop.rows, 4 * passes)
        return _Pass(found["seconds"], events)

    def two_tower() -> _Pass:
        module = "benchmarks.training.two_tower_side"
        found = workshop.side(module, workshop.windows, length, passes)
        return _Pass(found["seconds"], found["events"])

    def sasrec(loss: str) -> _Pass:
        module = "benchmarks.training.sasrec_side"
        size = (length, model.batch_size, model.uniform_negatives)
        found = workshop.peer_side(module, workshop.windows, loss, *size, passes)
        return _Pass(found["seconds"], events)

    sides: dict[str, Callable[[], _Pass]] = {OURS: retriever, TWO_TOWER: two_tower}
    if workshop.sizes.peer:
        sides[SAME_LOSS] = lambda: sasrec("sampled_softmax")
        sides[OTHER_LOSS] = lambda: sasrec("softmax")
    return sides
