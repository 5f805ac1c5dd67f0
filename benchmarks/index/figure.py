"""Time of a query against recall, a line for each side, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.grid import Frame, grid
from benchmarks.index.points import Point
from components.report.scales import Decades, Linear

_WIDTH, _HEIGHT = 780, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 220, 30, 60
_FRAME = Frame(_LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM)
_INK = "#333333"
_COLOURS = ("#8b949e", "#1f6feb", "#57606a", "#bf3989", "#1a7f37", "#bc4c00")
_LOWEST_RECALL = 0.7


def curves(points: Sequence[Point], *, k: int) -> str:
    """The picture; what finds less than it shows is left out."""
    shown = [point for point in points if point.recall >= _LOWEST_RECALL]
    marks = tuple(round(_LOWEST_RECALL + 0.05 * step, 2) for step in range(7))
    x = Linear(_LOWEST_RECALL, 1.0, _LEFT, _WIDTH - _RIGHT, marks)
    y = Decades(*_decades([point.p50_ms for point in shown]), _HEIGHT - _BOTTOM, _TOP)
    sides = list(dict.fromkeys(point.side for point in points))
    across, down = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _BOTTOM) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="{_INK}">',
        f"<title>Time of one query against recall@{k}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *grid(x, y, _FRAME),
        f'<text x="{across}" y="{_HEIGHT - 14}" text-anchor="middle">recall@{k}</text>',
        f'<text transform="translate(18 {down}) rotate(-90)" text-anchor="middle">'
        "one query, median, ms</text>",
    ]
    for number, side in enumerate(sides):
        of_side = sorted((p for p in shown if p.side == side), key=lambda p: p.recall)
        parts += _line(side, of_side, number, x, y)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decades(times: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around all times."""
    low = high = 1.0
    while low > min(times):
        low /= 10
    while high <= max(times):
        high *= 10
    return low, high


def _line(side: str, points: Sequence[Point], number: int, x: Linear, y: Decades) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x.at(p.recall)},{y.at(p.p50_ms)}" for p in points)
    key = _TOP + 20 * number + 6
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        *(
            f'<circle cx="{x.at(p.recall)}" cy="{y.at(p.p50_ms)}" r="4" fill="{colour}">'
            f"<title>{p.name}: {p.recall:.3f}, {p.p50_ms:.2f} ms</title></circle>"
            for p in points
        ),
        f'<rect x="{_WIDTH - _RIGHT + 20}" y="{key - 9}" width="10" height="10" fill="{colour}"/>',
        f'<text x="{_WIDTH - _RIGHT + 36}" y="{key}">{side}</text>',
    ]
