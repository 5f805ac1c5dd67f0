"""The composed recommender against its baselines."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from components.report import sentences
from components.report.facts import Facts
from components.report.figures import bar
from components.report.glossary import model_label, term
from components.report.numbers import number


@dataclass(frozen=True)
class Cell:
    """A value, its text, and a bar relative to the best of its column."""

    raw: str
    text: str
    bar: Markup


@dataclass(frozen=True)
class Row:
    """One recommender."""

    model: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Quality:
    """The comparison as a table."""

    sentence: str
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]


def comparison(facts: Facts) -> Quality | None:
    """The comparison; None where nothing was measured.

    The metrics are those of the first row, the recommender; a baseline that lacks one shows n/a.
    The baselines follow, best first.
    """
    if not facts.quality:
        return None
    metrics = tuple(facts.quality[0].metrics)
    own, *baselines = facts.quality
    baselines.sort(key=lambda row: -(row.metrics.get(metrics[0]) or 0.0))
    columns = {m: [row.metrics.get(m) for row in facts.quality] for m in metrics}
    best = {m: max((v for v in vs if v is not None), default=0.0) for m, vs in columns.items()}
    rows = tuple(
        Row(
            model_label(row.model),
            tuple(_cell(row.model, m, row.metrics.get(m), best[m]) for m in metrics),
        )
        for row in (own, *baselines)
    )
    return Quality(sentences.quality(facts.quality), metrics, rows)


def _cell(model: str, metric: str, value: float | None, best: float) -> Cell:
    text = number(value)
    label = f"{model_label(model)}: {term(metric).label} {text}"
    return Cell("" if value is None else repr(value), text, bar(value, best, label=label))
