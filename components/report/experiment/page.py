"""What came of an experiment, as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from components.experiments.comparison import Comparison, Finding, Look
from components.experiments.ratio import LEVEL
from components.experiments.result import MOST_TORN, Result
from components.experiments.slices import ACTIVITY, Slice
from components.report.document import render_document
from components.report.experiment.words import days_of, stamp, verdict
from components.report.figures import Line, line_chart
from components.report.numbers import number, share
from components.report.sections.checks import SIGNS
from components.report.sections.overview import Card

_WORDS = {Finding.BETTER: "▲ better", Finding.WORSE: "▼ worse", Finding.OPEN: "open"}
_WIDEST = 5.0  # times the last interval; the first days would flatten the figure


@dataclass(frozen=True)
class ComparisonView:
    """An arm against the control."""

    arm: str
    control: str
    mean: str
    difference: str
    interval: str
    relative: str
    relative_interval: str
    chance: str
    saved: str
    word: str
    figure: Markup


@dataclass(frozen=True)
class SliceView:
    """A row of the slices."""

    feature: str
    value: str
    arm: str
    users: int
    difference: float
    text: str
    interval: str
    chance: float
    chance_text: str
    word: str


def render(result: Result, pipeline: str) -> str:
    """The page as text."""
    tone, word = stamp(result)
    return render_document(
        "experiment.html",
        result=result,
        pipeline=pipeline,
        tone=tone,
        sign=SIGNS[tone],
        word=word,
        verdict=verdict(result),
        cards=_cards(result),
        comparisons=[_comparison(one, result) for one in result.comparisons],
        slices=[_slice(one) for one in result.slices],
        duel=_duel(result),
        level=LEVEL,
        most_torn=share(MOST_TORN, 1.0),
    )


def _cards(result: Result) -> list[Card]:
    design = result.design
    users = result.duel.users if result.duel else sum(arm.users for arm in result.arms)
    return [
        Card("Users", number(users), "whose time is over" if result.duel else "in an arm"),
        Card("Outcome", design.outcome, f"in {days_of(result)} with the arm"),
        Card("Level", f"{design.alpha:g}", "chance of a false finding, over all looks"),
    ]


def _comparison(one: Comparison, result: Result) -> ComparisonView:
    look = one.look
    return ComparisonView(
        arm=one.arm,
        control=number(one.control),
        mean=number(one.mean),
        relative=_percent(look.difference, one.control) if look else "n/a",
        relative_interval=(
            f"[{_percent(look.lower, one.control)}, {_percent(look.upper, one.control)}]"
            if look and one.control
            else ""
        ),
        saved=share(max(one.saved, 0.0), 1.0),
        **_told(look),
        figure=_figure(one.days, f"{one.arm} less {result.design.arms[0][0]}, day by day"),
    )


def _slice(one: Slice) -> SliceView:
    return SliceView(
        "Days before" if one.feature == ACTIVITY else one.feature,
        one.value,
        one.arm,
        one.look.users,
        one.look.difference,
        _signed(one.look.difference),
        _interval(one.look),
        one.chance,
        number(one.chance),
        _WORDS[one.finding],
    )


def _duel(result: Result) -> ComparisonView | None:
    if result.duel is None:
        return None
    duel = result.duel
    control, arm = (name for name, _ in result.design.arms)
    return ComparisonView(
        arm=arm,
        control=number(duel.credits[0]),
        mean=number(duel.credits[1]),
        relative=share(duel.credits[1], sum(duel.credits)),
        relative_interval="",
        saved="",
        **_told(duel.look),
        figure=_figure(duel.days, f"{arm} less {control}, day by day"),
    )


def _told(look: Look | None) -> dict[str, str]:
    """What is said of a look, whatever the kind of experiment."""
    if look is None:
        return {"difference": "n/a", "interval": "", "chance": "n/a", "word": _WORDS[Finding.OPEN]}
    return {
        "difference": _signed(look.difference),
        "interval": _interval(look),
        "chance": number(look.chance),
        "word": _WORDS[look.finding],
    }


def _figure(days: Mapping[int, Look], title: str) -> Markup:
    if not days:
        return Markup("")
    last = days[max(days)]
    widest = _WIDEST * (last.upper - last.lower)
    drawn = {day: look for day, look in days.items() if look.upper - look.lower <= widest}
    shown = [drawn.get(day) for day in range(1, max(days) + 1)]
    return line_chart(
        [
            Line("lower end", [look.lower if look else None for look in shown]),
            Line("difference", [look.difference if look else None for look in shown], style=1),
            Line("upper end", [look.upper if look else None for look in shown]),
        ],
        title=title,
        x_label="day",
        y_label="",
    )


def _interval(look: Look) -> str:
    return f"[{_signed(look.lower)}, {_signed(look.upper)}]"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"


def _percent(value: float, control: float | None) -> str:
    return f"{100 * value / control:+.2f} %" if control else "n/a"
