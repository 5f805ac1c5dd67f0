"""What every side measures alike: one query after the other, NumPy in and NumPy out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

# Our own sides, and the setting that the catalogue itself leads to.
EXACT, PARTITIONED = "exact, in the graph", "partitioned, in the graph"
CHOSEN = "as chosen at assembly"
_WARM_UP = 20

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """One setting of one side.

    Attributes:
        side: The library and its index.
        setting: What decides between speed and recall.
        recall: Share of the truly nearest items that were found, over all queries.
        p50_ms: Median time of a query.
        p99_ms: 99th percentile.
    """

    side: str
    setting: str
    recall: float
    p50_ms: float
    p99_ms: float

    @property
    def name(self) -> str:
        """The side with its setting."""
        return f"{self.side}, {self.setting}" if self.setting else self.side


def measure(
    side: str, setting: str, search: Callable[[Floats], Ints], queries: Floats, truth: Ints
) -> Point:
    """Asks each query by itself, and once more the first ones before, which do not count.

    Args:
        side: The library and its index.
        setting: Its setting.
        search: One query [1, D] -> the rows found [K].
        queries: [N, D].
        truth: The truly nearest rows, [N, K].
    """
    for query in queries[:_WARM_UP]:
        search(query[np.newaxis])
    times, hits = [], 0
    for query, true in zip(queries, truth, strict=True):
        began = time.perf_counter()
        found = search(query[np.newaxis])
        times.append(time.perf_counter() - began)
        hits += len(np.intersect1d(found, true))
    median, high = 1000 * np.percentile(times, [50, 99])
    return Point(side, setting, hits / truth.size, float(median), float(high))


def as_facts(points: Iterable[Point]) -> list[dict[str, str | float]]:
    """Points as JSON."""
    return [asdict(point) for point in points]
