"""Data accounting: where every row went, the periods, the rows made, the declared features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from components.report.clock import moment
from components.report.facts import Facts
from components.report.figures import bar, span
from components.report.numbers import share
from transform.features import (
    CATALOGUE,
    EVAL,
    RANKING,
    SHOWN,
    TRAIN,
    VALIDATION,
    Feature,
    Kind,
    Side,
)
from transform.job.account import Account

_PURPOSES = {
    TRAIN: "windows of history that train the retriever",
    RANKING: "requests with candidates that train the ranker",
    VALIDATION: "requests that stop the training and calibrate the scores",
    EVAL: "requests that measure the model",
    CATALOGUE: "items",
}
# Where scores are fitted to shown lists.
_SHOWN_PURPOSES = {
    VALIDATION: "requests that stop the retriever's training",
    EVAL: "requests that measure the lists",
    SHOWN[VALIDATION]: "lists that were shown: they stop the ranker's training and calibrate",
    SHOWN[EVAL]: "lists that were shown: they measure the scores",
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
    """One period on the time line."""

    name: str
    events: str
    first: str
    last: str
    span: Markup


@dataclass(frozen=True)
class SplitRow:
    """Rows written for one use."""

    name: str
    purpose: str
    rows: str


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
    """The periods with their time ranges, drawn on one common time line."""
    if account is None:
        return []
    ranges = account.periods.items()
    times = [t for _, period in ranges for t in (period["first_time"], period["last_time"])]
    known = [t for t in times if t is not None]
    return [_period(name, p, min(known, default=0), max(known, default=0)) for name, p in ranges]


def _period(name: str, period: Mapping[str, int | None], low: int, high: int) -> PeriodRow:
    first, last = period["first_time"], period["last_time"]
    drawn = Markup("")
    if first is not None and last is not None:
        drawn = span(first, last, low, high, label=f"{moment(first)} to {moment(last)}")
    return PeriodRow(name, f"{period['events'] or 0:,}", moment(first), moment(last), drawn)


def splits(account: Account | None) -> list[SplitRow]:
    """The rows made of the events, by what they are for."""
    if account is None:
        return []
    purposes = _PURPOSES | (_SHOWN_PURPOSES if SHOWN[EVAL] in account.rows_out else {})
    return [
        SplitRow(name, purpose, f"{account.rows_out[name]:,}")
        for name, purpose in purposes.items()
        if name in account.rows_out
    ]


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
