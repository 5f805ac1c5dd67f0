"""Metrics of two runs, paired by evaluation and slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.report.glossary import rank, term

_QUALITY = "quality"
Interval = tuple[float, float]


@dataclass(frozen=True)
class MetricPair:
    """A metric in both runs; None where one of them did not measure it.

    Attributes:
        of: `list` or `ranker`, or `quality` for the comparison with baselines.
        feature: Feature of the slice, "" for all rows; of `quality` the recommender.
        value: Its value.
        metric: Name of the metric.
        a: Its value in run A.
        b: Its value in run B.
        count_a: Rows behind it in run A.
        count_b: Rows behind it in run B.
        interval_a: Its 95 % interval in run A.
        interval_b: Its 95 % interval in run B.
    """

    of: str
    feature: str
    value: str
    metric: str
    a: float | None
    b: float | None
    count_a: int | None = None
    count_b: int | None = None
    interval_a: Interval | None = None
    interval_b: Interval | None = None

    @property
    def difference(self) -> float | None:
        """What run B has more than run A."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def better(self) -> bool | None:
        """Whether run B is the better one; None where neither is, or nobody can tell."""
        direction = term(self.metric).better
        if not self.difference or not direction:
            return None
        return (self.difference > 0) == (direction == "higher")

    @property
    def apart(self) -> bool | None:
        """Whether the two intervals have nothing in common; None where there are none.

        Intervals that overlap do not say that the runs are equal: both answered the same requests,
        and a paired comparison sees more than two intervals do.
        """
        if self.interval_a is None or self.interval_b is None:
            return None
        return self.interval_a[1] < self.interval_b[0] or self.interval_b[1] < self.interval_a[0]


def slice_pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[MetricPair]:
    """All metrics of all slices of both runs: those of all rows first, then as run A lists them."""
    left, right = _rows(a), _rows(b)
    pairs = [
        _pair(key, metric, left.get(key, {}), right.get(key, {}))
        for key in dict.fromkeys([*left, *right])
        for metric in sorted(
            {*left.get(key, {}).get("metrics", {}), *right.get(key, {}).get("metrics", {})},
            key=rank,
        )
    ]
    return sorted(pairs, key=lambda pair: pair.feature != "")


def quality_pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[MetricPair]:
    """The recommender and the baselines of both runs."""
    left, right = _quality(a), _quality(b)
    return [
        MetricPair(
            _QUALITY, model, "", metric, left.get((model, metric)), right.get((model, metric))
        )
        for model, metric in dict.fromkeys([*left, *right])
    ]


def _rows(report: Mapping[str, Any]) -> dict[tuple[str, str, str], Any]:
    return {
        (of, row["feature"], row["value"]): row
        for of, rows in (report.get("slices") or {}).items()
        for row in rows
    }


def _pair(
    key: tuple[str, str, str], metric: str, a: Mapping[str, Any], b: Mapping[str, Any]
) -> MetricPair:
    return MetricPair(
        *key,
        metric,
        a=a.get("metrics", {}).get(metric),
        b=b.get("metrics", {}).get(metric),
        count_a=a.get("count"),
        count_b=b.get("count"),
        interval_a=_interval(a, metric),
        interval_b=_interval(b, metric),
    )


def _interval(row: Mapping[str, Any], metric: str) -> Interval | None:
    ends = row.get("intervals", {}).get(metric)
    return None if ends is None else (ends[0], ends[1])


def _quality(report: Mapping[str, Any]) -> dict[tuple[str, str], float | None]:
    return {
        (row["model"], metric): value
        for row in (report.get("quality") or {}).get("rows", ())
        for metric, value in row.items()
        if metric != "model"
    }
