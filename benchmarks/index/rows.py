"""From points to the rows of the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.index.points import CHOSEN, EXACT, PARTITIONED, Point
from benchmarks.results import Row, at_least, at_most

_RECALL = 0.95
_TIME = 0.2
_LEVELS = (0.9, 0.95, 0.99)


def rows_of(
    points: Sequence[Point],
    by_size: Mapping[int, Sequence[Point]],
    build: Mapping[str, float],
    *,
    k: int,
    smoke: bool,
) -> list[Row]:
    """The bars, the fastest setting of each side that finds enough, the rule of costs, all points.

    Args:
        points: Of the largest catalogue, all sides.
        by_size: Both of our indexes, by number of items.
        build: Seconds to build each index.
        k: Length of the lists.
        smoke: A small catalogue gains little: its time has no bar.
    """
    chosen = next(p for p in points if (p.side, p.setting) == (PARTITIONED, CHOSEN))
    exact = next(p for p in points if p.side == EXACT)
    ratio, title = chosen.p50_ms / exact.p50_ms, "its time over that of exact search, one query"
    seconds = {side: taken for side, taken in build.items() if side != PARTITIONED}
    return [
        at_least(f"recall@{k} of the partitioned index", chosen.recall, "share", _RECALL),
        Row(title, ratio, "x") if smoke else at_most(title, ratio, "x", _TIME),
        *(_fastest(points, level, k) for level in _LEVELS),
        *_by_size(by_size),
        Row("time to build the partitioned index", build[PARTITIONED], "s", peers=seconds),
        *(row for point in points for row in _both(point, k)),
    ]


def _fastest(points: Iterable[Point], level: float, k: int) -> Row:
    """What each side needs for a recall; a side that never reaches it is not there."""
    best: dict[str, float] = {}
    for point in points:
        if point.recall >= level:
            best[point.side] = min(point.p50_ms, best.get(point.side, point.p50_ms))
    peers = {side: time for side, time in best.items() if side != PARTITIONED}
    measure = f"one query at recall@{k} of {level:g} or more, median"
    return Row(measure, best.get(PARTITIONED), "ms", peers=peers)


def _by_size(by_size: Mapping[int, Sequence[Point]]) -> list[Row]:
    rows = []
    for items, points in sorted(by_size.items()):
        time = {point.side: point.p50_ms for point in points}
        peers = {EXACT: time[EXACT]}
        rows.append(
            Row(f"one query, {items:,} items, median", time[PARTITIONED], "ms", peers=peers)
        )
    return rows


def _both(point: Point, k: int) -> list[Row]:
    return [
        Row(f"{point.name}: recall@{k}", point.recall, "share"),
        Row(f"{point.name}: one query, median", point.p50_ms, "ms", peers={"p99": point.p99_ms}),
    ]
