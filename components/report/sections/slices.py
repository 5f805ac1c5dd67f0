"""Metrics by slice: the cold-start ladder and the tables to sort and filter."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from components.report.facts import OVERALL, Evaluation, Facts, Measured, Slice
from components.report.figures import bar
from components.report.glossary import term
from components.report.numbers import number
from components.report.sentences import PRIMARY, SMALL_SLICE
from transform.features import ITEM_RUNG, RUNGS, USER_RUNG

LADDERS = {USER_RUNG: "The user's interactions so far", ITEM_RUNG: "The item's interactions"}
_TITLES = {
    "list": ("Lists by slice", "What users would really be shown: the composed lists."),
    "ranker": ("Ranker by slice", "How well the ranker tells taken candidates from others."),
}


@dataclass(frozen=True)
class Rung:
    """One step of a ladder."""

    name: str
    text: str
    count: str
    bar: Markup


@dataclass(frozen=True)
class Ladder:
    """The primary metric by how often a user or item was seen."""

    title: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True)
class Cell:
    """A value with its interval."""

    raw: str
    text: str
    interval: str


@dataclass(frozen=True)
class SliceRow:
    """One slice."""

    feature: str
    value: str
    count: str
    count_raw: str
    small: bool
    whole: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class SliceTable:
    """One evaluation."""

    id: str
    title: str
    note: str
    metrics: tuple[str, ...]
    rows: tuple[SliceRow, ...]


def ladder_metric(evaluation: Evaluation | None) -> str | None:
    """The metric of the ladders: NDCG@10 where it was measured, else the first one."""
    if evaluation is None or not evaluation.metrics:
        return None
    return PRIMARY if PRIMARY in evaluation.metrics else evaluation.metrics[0]


def ladders(facts: Facts) -> list[Ladder]:
    """The ladders of users and of items, for those that the list evaluation was sliced by."""
    evaluation = facts.evaluation("list")
    metric = ladder_metric(evaluation)
    if evaluation is None or metric is None:
        return []
    return [
        Ladder(title, _rungs(evaluation, feature, metric))
        for feature, title in LADDERS.items()
        if evaluation.by_feature(feature)
    ]


def _rungs(evaluation: Evaluation, feature: str, metric: str) -> tuple[Rung, ...]:
    by_value = {s.value: s for s in evaluation.by_feature(feature)}
    all_rows = evaluation.overall
    average = all_rows.metrics.get(metric, Measured(value=None)).value if all_rows else None
    values = [_measured(s, metric).value for s in by_value.values()] + [average]
    highest = max((v for v in values if v is not None), default=0.0)
    rungs = []
    for _, name in RUNGS:
        found = by_value.get(name)
        measured = _measured(found, metric)
        ends = (measured.lower, measured.upper)
        rungs.append(
            Rung(
                name=name,
                text=number(measured.value) if found else "–",
                count=_count(found.count) if found else "0",
                bar=bar(
                    measured.value,
                    highest,
                    label=f"{feature} {name}: {term(metric).label} {number(measured.value)}",
                    interval=None if None in ends else ends,  # type: ignore[arg-type]
                    reference=average,
                ),
            )
        )
    return tuple(rungs)


def tables(facts: Facts) -> list[SliceTable]:
    """One table for each evaluation that left slices."""
    return [_table(evaluation) for evaluation in facts.evaluations if evaluation.slices]


def _table(evaluation: Evaluation) -> SliceTable:
    title, note = _TITLES.get(evaluation.name, (evaluation.name, ""))
    note += " In brackets: the 95 % interval." if _any_interval(evaluation) else ""
    note += (
        f" A slice of fewer than {SMALL_SLICE} rows is marked: its value says little."
        if any(_small(s) for s in evaluation.slices)
        else ""
    )
    return SliceTable(
        id=evaluation.name,
        title=title,
        note=note,
        metrics=evaluation.metrics,
        rows=tuple(_row(s, evaluation.metrics) for s in evaluation.slices),
    )


def _any_interval(evaluation: Evaluation) -> bool:
    return any(m.lower is not None for s in evaluation.slices for m in s.metrics.values())


def _row(row: Slice, metrics: tuple[str, ...]) -> SliceRow:
    whole = row.feature == OVERALL
    return SliceRow(
        feature="all rows" if whole else row.feature,
        value="" if whole else row.value,
        count=_count(row.count),
        count_raw="" if row.count is None else str(row.count),
        small=_small(row),
        whole=whole,
        cells=tuple(_cell(_measured(row, m)) for m in metrics),
    )


def _cell(measured: Measured) -> Cell:
    interval = ""
    if measured.lower is not None and measured.upper is not None:
        interval = f"[{number(measured.lower)}, {number(measured.upper)}]"
    raw = "" if measured.value is None else repr(measured.value)
    return Cell(raw, number(measured.value), interval)


def _measured(row: Slice | None, metric: str) -> Measured:
    return row.metrics.get(metric, Measured(value=None)) if row else Measured(value=None)


def _small(row: Slice) -> bool:
    return row.count is not None and row.count < SMALL_SLICE


def _count(count: int | None) -> str:
    return "n/a" if count is None else f"{count:,}"
