"""Small multiples: one panel of values with intervals for each feature that slices the lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.report.facts import OVERALL, Facts, Measured, Slice
from components.report.figures import strip
from components.report.numbers import number
from components.report.sections.slices import LADDERS, ladder_metric
from components.report.sentences import SMALL_SLICE
from transform.features import SLICES

MOST_ROWS = 12  # the largest slices of a feature; the others are in the table


@dataclass(frozen=True)
class PanelRow:
    """One slice."""

    name: str
    text: str
    interval: str
    count: str
    strip: Markup


@dataclass(frozen=True)
class Panel:
    """All slices of one feature, on a scale from 0 to `highest` that all panels share."""

    feature: str
    highest: str
    rows: tuple[PanelRow, ...]
    left_out: int


def panels(facts: Facts) -> list[Panel]:
    """Panels of the metric of the ladders, which have a place of their own."""
    evaluation = facts.evaluation("list")
    metric = ladder_metric(evaluation)
    if evaluation is None or metric is None:
        return []
    features = dict.fromkeys(row.feature for row in evaluation.slices)
    shown = {
        feature: _in_order(feature, evaluation.by_feature(feature))
        for feature in features
        if feature != OVERALL and feature not in LADDERS
    }
    average = _measured(evaluation.overall, metric).value
    ends = [
        end
        for rows, _ in shown.values()
        for row in rows
        for end in (_measured(row, metric).value, _measured(row, metric).upper)
        if end is not None
    ]
    highest = max([*ends, average or 0.0])
    return [
        Panel(
            feature,
            number(highest),
            tuple(_row(row, metric, highest, average) for row in rows),
            left_out,
        )
        for feature, (rows, left_out) in shown.items()
    ]


def _in_order(feature: str, rows: Sequence[Slice]) -> tuple[list[Slice], int]:
    """Rows to show, and how many are left out: hours and the like as they follow each other."""
    if feature in SLICES:
        return list(rows), 0
    largest = sorted(rows, key=lambda row: -(row.count or 0))
    return largest[:MOST_ROWS], max(len(rows) - MOST_ROWS, 0)


def _row(row: Slice, metric: str, highest: float, average: float | None) -> PanelRow:
    measured = _measured(row, metric)
    interval = (
        None
        if measured.lower is None or measured.upper is None
        else (measured.lower, measured.upper)
    )
    return PanelRow(
        name=row.value,
        text=number(measured.value),
        interval="" if interval is None else " – ".join(number(end) for end in interval),
        count="n/a" if row.count is None else f"{row.count:,}",
        strip=strip(
            measured.value,
            highest,
            label=f"{row.feature} {row.value}: {number(measured.value)}",
            interval=interval,
            reference=average,
            hollow=row.count is not None and row.count < SMALL_SLICE,
        ),
    )


def _measured(row: Slice | None, metric: str) -> Measured:
    return Measured(value=None) if row is None else row.metrics.get(metric, Measured(value=None))
