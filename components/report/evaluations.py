"""What an Evaluator measured -> the report's table of slices."""

from __future__ import annotations

import math
from collections.abc import Mapping

from components.intervals import mean_interval
from components.report.facts import OVERALL, Evaluation, Measured, Slice
from components.report.glossary import LOWER, UPPER, rank, term
from components.verdict import evaluation as results
from transform.features import ITEM_RUNG, SLICES, USER_RUNG

_COUNT = "example_count"  # shown as the rows of a slice, not as one of its metrics
_JOIN = " × "
_PLACES = {f: {value: i for i, value in enumerate(values)} for f, values in SLICES.items()}
_LADDERS = (USER_RUNG, ITEM_RUNG)

Values = Mapping[str, Mapping[results.Slice, float]]  # metric -> slice -> value


def read_evaluation(name: str, uri: str) -> Evaluation:
    """The candidate's metrics by slice; those of the blessed model are the verdict's business.

    Args:
        name: `list` or `ranker`.
        uri: Folder that TFMA wrote.
    """
    return to_evaluation(name, results.read_evaluation(uri).candidate)


def to_evaluation(name: str, values: Values) -> Evaluation:
    """Rows of slices: the overall one, then the ladders, then the others by feature and value.

    `auc_lower` and `auc_upper` are no metrics of their own beside `auc`, but its interval.
    """
    metrics = sorted(
        (
            metric
            for metric in values
            if metric != _COUNT and not _is_end(metric, values) and _any_number(values[metric])
        ),
        key=rank,
    )
    keys = sorted({key for by_slice in values.values() for key in by_slice}, key=_order)
    return Evaluation(
        name=name, metrics=tuple(metrics), slices=tuple(_slice(values, metrics, k) for k in keys)
    )


def _is_end(metric: str, values: Values) -> bool:
    """Whether a metric is one end of another one's interval."""
    return any(
        metric.endswith(end) and metric.removesuffix(end) in values for end in (LOWER, UPPER)
    )


def _slice(values: Values, metrics: list[str], key: results.Slice) -> Slice:
    rows = values.get(_COUNT, {}).get(key)
    count = None if rows is None else round(rows)
    return Slice(
        feature=_JOIN.join(feature for feature, _ in key) if key else OVERALL,
        value=_JOIN.join(value or "(missing)" for _, value in key),
        count=count,
        metrics={metric: _measured(values, metric, key, count) for metric in metrics},
    )


def _measured(values: Values, metric: str, key: results.Slice, count: int | None) -> Measured:
    """A value with its interval: the one that was measured, else the one that follows from it."""
    value = values[metric].get(key)
    lower, upper = (values.get(metric + end, {}).get(key) for end in (LOWER, UPPER))
    if lower is not None and upper is not None:
        return Measured(value=value, lower=lower, upper=upper)
    if value is not None and 0.0 <= value <= 1.0 and count and term(metric).per_request:
        lower, upper = mean_interval(value, count)
        return Measured(value=value, lower=lower, upper=upper)
    return Measured(value=value)


def _any_number(by_slice: Mapping[results.Slice, float]) -> bool:
    """Whether a metric is a number at all: TFMA also reports tables and the like under a name."""
    return any(math.isfinite(value) for value in by_slice.values())


def _order(key: results.Slice) -> tuple[object, ...]:
    """Few features before many, ladders before other features, values in their natural order."""
    features = [feature for feature, _ in key]
    places = [_PLACES.get(f, {}).get(value, -1) for f, value in key]
    ladder = [_LADDERS.index(f) if f in _LADDERS else len(_LADDERS) for f in features]
    return len(key), ladder, features, places, [value for _, value in key]
