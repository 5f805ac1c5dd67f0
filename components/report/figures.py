"""Figures of the report as inline SVG.

Drawn from templates rather than by a plotting library: a figure is then 2 kB instead of a 4 MB
script or 40 kB of glyph paths, takes its colours from the page (light, dark, print), scales to a
phone without shrinking its text, and a screen reader can read its title.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.report.facts import CalibrationBin
from components.report.scales import Decades, Scale, counting, enclosing, enclosing_decades
from components.report.templating import environment

WIDTH, HEIGHT = 400, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 28, 40
_DASHES = ("", "6 4", "2 3", "8 3 2 3")  # told apart without colour
_LARGEST_DOT = 9.0
_WIDE_RANGE = 30.0  # highest over lowest rate beyond which axes count in powers of ten


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value for x = 1, 2, ...; None leaves a gap.

    `style` (0 to 3) chooses dash and colour, so that a line looks the same in every figure.
    """

    label: str
    values: Sequence[float | None]
    style: int = 0


def bar(
    value: float | None,
    highest: float,
    *,
    label: str,
    interval: tuple[float, float] | None = None,
    reference: float | None = None,
) -> Markup:
    """A horizontal bar from 0 to `value` on a track up to `highest`.

    Lengths are per cent of the cell it stands in, so that it fits every window.

    Args:
        value: Length of the bar; None leaves the track empty.
        highest: Value of the full track.
        label: What a screen reader says.
        interval: Confidence interval, drawn as a whisker.
        reference: A value to compare with, drawn as a thin upright line.
    """
    return _render(
        "bar.svg",
        width=None if value is None else _percent(value, highest),
        interval=None if interval is None else tuple(_percent(end, highest) for end in interval),
        reference=None if reference is None else _percent(reference, highest),
        label=label,
    )


def strip(
    value: float | None,
    highest: float,
    *,
    label: str,
    interval: tuple[float, float] | None,
    reference: float | None,
    hollow: bool,
) -> Markup:
    """A dot with its interval on a line from 0 to `highest`; arguments as those of `bar`.

    Args:
        value: Place of the dot; None draws none.
        highest: Value of the line's right end.
        label: What a screen reader says.
        interval: Confidence interval, drawn with upright ends.
        reference: A value to compare with, drawn as a thin upright line.
        hollow: Whether the dot is an empty circle: few rows stand behind it.
    """
    return _render(
        "strip.svg",
        value=None if value is None else _percent(value, highest),
        interval=None if interval is None else tuple(_percent(end, highest) for end in interval),
        reference=None if reference is None else _percent(reference, highest),
        hollow=hollow,
        label=label,
    )


def span(first: float, last: float, low: float, high: float, *, label: str) -> Markup:
    """A horizontal bar from `first` to `last` on a track from `low` to `high`: a period of time."""
    whole = max(high - low, 1.0)
    start = 100 * (first - low) / whole
    return _render(
        "span.svg",
        start=round(start, 2),
        # A period of one moment is still a mark that can be seen.
        width=round(max(100 * (last - first) / whole, 0.8), 2),
        label=label,
    )


def line_chart(
    lines: Sequence[Line], *, title: str, x_label: str, y_label: str, marked: int | None = None
) -> Markup:
    """A line chart over x = 1, 2, ...

    Args:
        lines: The lines; at least one value is not None, or there is no figure.
        title: What the figure shows, for screen readers.
        x_label: Name of the x axis.
        y_label: Name of the y axis.
        marked: An x to mark on the last line, for example the best epoch.
    """
    finite = [v for line in lines for v in line.values if v is not None]
    if not finite:
        return Markup("")
    x = counting(max(len(line.values) for line in lines), LEFT, WIDTH - RIGHT)
    y = enclosing(min(finite), max(finite), HEIGHT - BOTTOM, TOP)
    drawn = [
        {
            "label": line.label,
            "style": line.style,
            "dash": _DASHES[line.style],
            "runs": _runs(line.values, x, y),
            "mark": _mark(line.values, marked, x, y) if i == len(lines) - 1 else None,
        }
        for i, line in enumerate(lines)
    ]
    return _render(
        "line_chart.svg",
        **_frame(x, y, title, x_label, y_label),
        lines=drawn,
    )


def reliability(bins: Sequence[CalibrationBin], *, title: str) -> Markup:
    """A reliability diagram: predicted against observed rate, dots by count, diagonal = exact.

    Both axes count in powers of ten where the rates span more than one and a half of them: rare
    events would otherwise all lie in one corner. A bin that observed nothing then lies at the foot.
    """
    if not bins:
        return Markup("")
    x, y = _rate_scales(bins)
    largest = max(b.count for b in bins)
    return _render(
        "reliability.svg",
        **_frame(x, y, title, "predicted rate", "observed rate"),
        dots=[
            {
                "x": x.at(b.predicted),
                "y": y.at(b.observed),
                "r": round(2 + (_LARGEST_DOT - 2) * math.sqrt(b.count / largest), 1),
                "label": f"predicted {b.predicted:.3g}, observed {b.observed:.3g}, "
                f"{b.count:,.0f} candidates",
            }
            for b in bins
        ],
    )


def _rate_scales(bins: Sequence[CalibrationBin]) -> tuple[Scale, Scale]:
    """Scales of x and y over the same range."""
    rates = [rate for b in bins for rate in (b.predicted, b.observed) if rate > 0] or [1.0]
    low, high = min(rates), max(rates)
    horizontal, vertical = (LEFT, WIDTH - RIGHT), (HEIGHT - BOTTOM, TOP)
    if high / low > _WIDE_RANGE:
        ends = enclosing_decades(low, high)
        return Decades(*ends, *horizontal), Decades(*ends, *vertical)
    return enclosing(0.0, high, *horizontal), enclosing(0.0, high, *vertical)


def _frame(x: Scale, y: Scale, title: str, x_label: str, y_label: str) -> dict[str, object]:
    """What every figure with two axes draws."""
    return {
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
        "x_ticks": [(x.at(t), f"{t:g}") for t in x.ticks()],
        "y_ticks": [(y.at(t), f"{t:g}") for t in y.ticks()],
    }


def _percent(value: float, highest: float) -> float:
    """Place of a value between 0 and `highest`, in per cent."""
    return round(100 * min(max(value / highest, 0.0), 1.0), 2) if highest > 0 else 0.0


def _runs(values: Sequence[float | None], x: Scale, y: Scale) -> list[list[tuple[float, float]]]:
    """Points of a line, cut where a value is missing."""
    runs: list[list[tuple[float, float]]] = [[]]
    for i, value in enumerate(values, start=1):
        if value is not None:
            runs[-1].append((x.at(i), y.at(value)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _mark(
    values: Sequence[float | None], at: int | None, x: Scale, y: Scale
) -> tuple[float, float] | None:
    if at is None or not 1 <= at <= len(values):
        return None
    value = values[at - 1]
    return None if value is None else (x.at(at), y.at(value))


def _render(template: str, **values: object) -> Markup:
    return Markup(environment().get_template(template).render(**values).strip())  # noqa: S704
