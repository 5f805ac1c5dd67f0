"""How fast all requests are evaluated, and how much faster than by one call each."""

from __future__ import annotations

from typing import Protocol

from benchmarks.processes import Cost
from benchmarks.results import Row, at_least, at_most

# On two cores, the model included.
_SECONDS = 180.0
_TIMES_FASTER = 10.0


class Sides(Protocol):
    """The two sides."""

    def evaluate(self) -> Cost:
        """The Evaluator over all requests; it says `seconds`, `rows` and `slices`."""

    def ask(self) -> Cost:
        """The model server, one call a request; it says `seconds` and `rows`."""


def speed(sides: Sides, repeats: int) -> list[Row]:
    """Measures both sides, taking turns.

    Args:
        sides: The two sides.
        repeats: Measurements of each, of which the middle one counts.
    """
    costs = [(sides.evaluate(), sides.ask()) for _ in range(repeats)]
    evaluated, asked = (_middle(side) for side in zip(*costs, strict=True))
    said = evaluated.said
    measure = f"evaluation of {said['rows']:,.0f} lists of 100 in {said['slices']} slices"
    rate, one_by_one = _rate(evaluated), _rate(asked)
    peers = {"model server, one call a request": one_by_one}
    return [
        at_most(measure, said["seconds"], "s", _SECONDS),
        Row("requests evaluated", rate, "1/s", peers=peers),
        at_least("against one call a request", rate / one_by_one, "times", _TIMES_FASTER),
        Row("largest memory of the evaluation", evaluated.peak_bytes / 2**20, "MiB"),
    ]


def _rate(cost: Cost) -> float:
    return float(cost.said["rows"] / cost.said["seconds"])


def _middle(costs: tuple[Cost, ...]) -> Cost:
    """The cost with the median time."""
    in_order = sorted(costs, key=lambda cost: float(cost.said["seconds"]))
    return in_order[len(costs) // 2]
