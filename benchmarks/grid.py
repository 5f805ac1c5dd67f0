"""The grid of a figure in SVG, with its numbers."""

from __future__ import annotations

from typing import NamedTuple

from components.report.scales import Scale

COLOUR = "#dddddd"


class Frame(NamedTuple):
    """Ends of the axes within the figure."""

    left: int
    right: int
    top: int
    bottom: int


def grid(x: Scale, y: Scale, frame: Frame) -> list[str]:
    """A line and a number for each tick of both axes."""
    across = [
        f'<path d="M{x.at(t)} {frame.top}V{frame.bottom}" stroke="{COLOUR}"/>'
        f'<text x="{x.at(t)}" y="{frame.bottom + 18}" text-anchor="middle">{t:g}</text>'
        for t in x.ticks()
    ]
    return across + [
        f'<path d="M{frame.left} {y.at(t)}H{frame.right}" stroke="{COLOUR}"/>'
        f'<text x="{frame.left - 8}" y="{y.at(t) + 4}" text-anchor="end">{t:g}</text>'
        for t in y.ticks()
    ]
