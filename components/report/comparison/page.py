"""The comparison as one self-contained page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.report.clock import moment
from components.report.comparison.metrics import Interval, MetricPair
from components.report.comparison.sides import Comparison, Side
from components.report.document import render_document
from components.report.glossary import model_label, term
from components.report.numbers import number
from components.report.sections.checks import BAD, GOOD, SIGNS, UNKNOWN

_WORDS = {True: "better", False: "worse", None: ""}
_ARROWS = {True: "▲", False: "▼", None: ""}
_APART = ", intervals apart"
_OF = {"list": "lists", "ranker": "ranker"}


@dataclass(frozen=True)
class SideView:
    """One run on top of the page."""

    letter: str
    tone: str
    sign: str
    word: str
    side: Side


@dataclass(frozen=True)
class Value:
    """A value with its interval and, for sorting, as a number."""

    raw: str
    text: str
    interval: str = ""


@dataclass(frozen=True)
class PairRow:
    """A metric in both runs."""

    subject: str
    slice: str
    metric: str
    meaning: str
    count: str
    a: Value
    b: Value
    difference: Value
    arrow: str
    word: str


def render(comparison: Comparison) -> str:
    """The page as text."""
    whole = [pair for pair in comparison.metrics if not pair.feature]
    slices = [pair for pair in comparison.metrics if pair.feature]
    return render_document(
        "comparison.html",
        comparison=comparison,
        sides=[_side("A", comparison.a), _side("B", comparison.b)],
        quality=[_row(pair, model_label(pair.feature), "") for pair in comparison.quality],
        whole=[_row(pair, _OF.get(pair.of, pair.of), "") for pair in whole],
        slices=[
            _row(pair, _OF.get(pair.of, pair.of), f"{pair.feature} = {pair.value}")
            for pair in slices
        ],
        plain=plain,
    )


def plain(value: Any, name: str = "") -> str:
    """A setting or a count as text; nothing is a dash, and what is named a time is one."""
    if value is None:
        return "–"
    if name.endswith("_time") and isinstance(value, int):
        return moment(value)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def _side(letter: str, side: Side) -> SideView:
    if side.blessed is None:
        tone, word = UNKNOWN, "NO VERDICT"
    elif side.blessed and side.infra_blessed is not False:
        tone, word = GOOD, "BLESSED"
    else:
        tone, word = BAD, "WITHHELD"
    return SideView(letter, tone, SIGNS[tone], word, side)


def _row(pair: MetricPair, subject: str, of: str) -> PairRow:
    found = term(pair.metric)
    return PairRow(
        subject=subject,
        slice=of,
        metric=found.label,
        meaning=found.meaning,
        count=_counts(pair),
        a=_value(pair.a, pair.interval_a),
        b=_value(pair.b, pair.interval_b),
        difference=Value(_raw(pair.difference), _signed(pair.difference)),
        arrow=_ARROWS[pair.better],
        word=_WORDS[pair.better] + (_APART if pair.better is not None and pair.apart else ""),
    )


def _counts(pair: MetricPair) -> str:
    a, b = (plain(count) for count in (pair.count_a, pair.count_b))
    return a if a == b else f"{a} / {b}"


def _value(value: float | None, interval: Interval | None) -> Value:
    ends = "" if interval is None else f"[{number(interval[0])}, {number(interval[1])}]"
    return Value(_raw(value), number(value), ends)


def _raw(value: float | None) -> str:
    return "" if value is None else repr(value)


def _signed(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{'+' if value > 0 else ''}{number(value)}"
