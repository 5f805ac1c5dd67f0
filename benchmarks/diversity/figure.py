"""NDCG against intra-list diversity, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.grid import Frame, grid
from components.report.scales import Linear, enclosing

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 30, 60
_FRAME = Frame(_LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM)
_INK, _MARK = "#333333", "#1f6feb"


@dataclass(frozen=True)
class Point:
    """One strength.

    Attributes:
        strength: The setting.
        spread: Intra-list diversity.
        ndcg: Mean NDCG.
        margin: Of the 95 % interval of its change from strength 0.
    """

    strength: float
    spread: float
    ndcg: float
    margin: float


def curve(points: Sequence[Point], *, x_label: str, y_label: str) -> str:
    """The curve through the points, each with its strength beside it, whiskers for the margins."""
    x = enclosing(
        min(p.spread for p in points), max(p.spread for p in points), _LEFT, _WIDTH - _RIGHT
    )
    highest = max(p.ndcg + p.margin for p in points)
    y = enclosing(0.0, highest, _HEIGHT - _BOTTOM, _TOP)
    line = " ".join(f"{x.at(p.spread)},{y.at(p.ndcg)}" for p in points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="{_INK}">',
        f"<title>{y_label} against {x_label}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *grid(x, y, _FRAME),
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 14}" text-anchor="middle">'
        f"{x_label}</text>",
        f'<text transform="translate(18 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
        f'text-anchor="middle">{y_label}</text>',
        f'<polyline points="{line}" fill="none" stroke="{_MARK}" stroke-width="1.5"/>',
        *(mark for point in points for mark in _point(point, x, y)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _point(point: Point, x: Linear, y: Linear) -> list[str]:
    across, up = x.at(point.spread), y.at(point.ndcg)
    low, high = y.at(point.ndcg - point.margin), y.at(point.ndcg + point.margin)
    return [
        f'<path d="M{across} {low}V{high}" stroke="{_MARK}" stroke-opacity="0.5"/>',
        f'<circle cx="{across}" cy="{up}" r="4" fill="{_MARK}"/>',
        f'<text x="{across + 8}" y="{up - 8}">{point.strength:g}</text>',
    ]
