"""The timeline of a closed loop as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from components.report.document import render_document
from components.report.figures import Line, bar, line_chart
from pipeline.closed_loop.record import DayRecord, share
from serving.durable import replace_file

_DASHED = 1


@dataclass(frozen=True)
class DayView:
    """A row of the table of days."""

    number: int
    date: str
    planted: str
    served: str
    quality: str
    clicks: str
    change: str
    fell: bool
    word: str
    said: str


@dataclass(frozen=True)
class RungView:
    """A rung of the ladder of users."""

    name: str
    bar: Markup
    text: str
    lists: str


def write_page(path: Path, records: Sequence[DayRecord]) -> None:
    """Writes the page; it is whole at any time."""
    replace_file(path, render(records).encode())


def render(records: Sequence[DayRecord]) -> str:
    """The page as text."""
    served = [record for record in records if record.day > 0]
    return render_document(
        "loop.html",
        heading=f"{_counted(len(served), 'day')} served, "
        f"{_counted(len(_pushed(records)), 'version')} published",
        cards=_cards(records, served),
        quality=_quality(served),
        rungs=rungs(served),
        days=[_day(record) for record in reversed(records)],
        memory=_memory(served),
    )


def _cards(records: Sequence[DayRecord], served: Sequence[DayRecord]) -> list[tuple[str, str, str]]:
    trained = [record for record in records if record.retraining]
    latest = records[-1]
    return [
        ("Quality today", _percent(latest.score), "of the best lists"),
        ("Own pages today", _percent(latest.own_page_score), "without a recommender"),
        ("Retrainings", str(len(trained)), f"{len(trained) - len(_pushed(records))} not published"),
        ("Lists", f"{sum(int(r.quality['lists']) for r in served):,}", "shown on the days served"),
    ]


def _quality(served: Sequence[DayRecord]) -> Markup:
    lines = [
        Line("own page", [record.own_page_score for record in served], _DASHED),
        Line("shown", [record.score for record in served]),
    ]
    title = "True quality of the lists day by day"
    return line_chart(lines, title=title, x_label="day", y_label="share of the best")


def _memory(served: Sequence[DayRecord]) -> Markup:
    lines = [
        Line("loop", [record.footprint.loop_mb for record in served], _DASHED),
        Line("server", [record.footprint.server_mb for record in served]),
    ]
    title = "Resident memory day by day"
    return line_chart(lines, title=title, x_label="day", y_label="MB")


def rungs(served: Sequence[DayRecord]) -> list[RungView]:
    """The ladder of users over all days."""
    views = []
    for name in served[0].quality["rungs"] if served else ():
        days = [record.quality["rungs"][name] for record in served]
        sums = {key: sum(day[key] for day in days) for key in ("lists", "expected", "best")}
        if sums["lists"]:
            value = share(sums, "expected")
            drawn = bar(value, 1.0, label=f"{name}: {_percent(value)}")
            views.append(RungView(name, drawn, _percent(value), f"{sums['lists']:,.0f}"))
    return views


def _day(record: DayRecord) -> DayView:
    earned, done = record.earnings, record.retraining
    word = said = ""
    if done is not None:
        word = "Nothing published." if done.version is None else f"Published {done.version}."
        said = f"{done.said} ({done.run_id})"
    versions = record.versions.items()
    return DayView(
        number=record.day,
        date=record.date,
        planted=", ".join(record.planted),
        served=", ".join(f"{n or 'none'}: {lists} lists" for n, lists in versions),
        quality=_percent(record.score),
        clicks=f"{record.quality['clicks'] / record.quality['lists']:.2f}",
        change="" if earned is None else f"{earned.change:+.0%} ({earned.standard_errors:+.1f})",
        fell=earned is not None and earned.fell,
        word=word,
        said=said,
    )


def _pushed(records: Sequence[DayRecord]) -> list[int]:
    done = [record.retraining for record in records]
    return [one.version for one in done if one is not None and one.version is not None]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _percent(value: float) -> str:
    return f"{value:.1%}"
