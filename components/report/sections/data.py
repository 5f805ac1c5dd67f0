"""Data accounting: where every row went, the periods, and the declared features."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from components.report.clock import moment
from components.report.facts import Account, Facts, Period
from components.report.figures import bar, span
from components.report.glossary import share
from transform.features import EVAL, RANKING, TRAIN, VALIDATION, Feature, Kind, Side

_PURPOSES = {
    TRAIN: "trains the retriever",
    RANKING: "trains the ranker",
    VALIDATION: "stops training, calibrates",
    EVAL: "measures the model",
}
_SIDES = {Side.QUERY: "the user", Side.CANDIDATE: "the item", Side.CONTEXT: "the request"}


@dataclass(frozen=True)
class FlowRow:
    """Rows of the log that went one way."""

    name: str
    count: str
    share: str
    bar: Markup
    whole: bool = False


@dataclass(frozen=True)
class PeriodRow:
    """One split on the time line."""

    name: str
    purpose: str
    rows: str
    first: str
    last: str
    span: Markup


@dataclass(frozen=True)
class FeatureRow:
    """One declared feature."""

    name: str
    side: str
    kind: str
    how: str


def flow(account: Account | None) -> list[FlowRow]:
    """Rows read, used, repeated and rejected by reason, most frequent reason first."""
    if account is None:
        return []
    parts = [
        ("Rows read", account.rows_in),
        ("Events used", account.events),
        ("Duplicates", account.duplicates),
        *(
            (f"Rejected: {reason}", count)
            for reason, count in sorted(account.dead_letters.items(), key=lambda x: (-x[1], x[0]))
        ),
    ]
    return [
        FlowRow(
            name,
            f"{count:,}",
            share(count, account.rows_in),
            bar(count, account.rows_in, label=f"{name}: {count:,}"),
            whole=i == 0,
        )
        for i, (name, count) in enumerate(parts)
    ]


def periods(account: Account | None) -> list[PeriodRow]:
    """The splits with their time ranges, drawn on one common time line."""
    if account is None:
        return []
    ends = [t for p in account.periods for t in (p.first, p.last) if t is not None]
    return [_period(p, min(ends, default=0), max(ends, default=0)) for p in account.periods]


def _period(period: Period, low: int, high: int) -> PeriodRow:
    timed = period.first is not None and period.last is not None
    first, last = moment(period.first), moment(period.last)
    return PeriodRow(
        name=period.name,
        purpose=_PURPOSES.get(period.name, ""),
        rows="n/a" if period.rows is None else f"{period.rows:,}",
        first=first,
        last=last,
        span=span(period.first or 0, period.last or 0, low, high, label=f"{first} to {last}")
        if timed
        else Markup(""),
    )


def features(facts: Facts) -> list[FeatureRow]:
    """The declared features, in declared order."""
    return [FeatureRow(f.name, _SIDES[f.side], f.kind.value, _how(f)) for f in facts.features]


def _how(feature: Feature) -> str:
    several = f", several values split at {feature.separator!r}" if feature.separator else ""
    match feature.kind:
        case Kind.ID | Kind.CATEGORY:
            return f"embedding of the {feature.buckets:,} most frequent values{several}"
        case Kind.TEXT:
            return f"words and pairs of words, hashed into {feature.buckets:,} buckets"
        case Kind.NUMBER:
            return "standardised number; a missing one is marked as such"
        case Kind.TIME:
            return "standardised number of days; a missing one is marked as such"
