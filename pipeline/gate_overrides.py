"""Bounds of gates, changed by their names in the settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from components.checks import Bound
from pipeline.gates import Gates
from transform.settings import Frozen


def gates_with(overrides: Mapping[str, Mapping[str, float]]) -> Gates:
    """The gates with some bounds changed.

    Args:
        overrides: Name of a bound -> `lower`, `upper` or both.

    Raises:
        ValueError: If no bound has such a name (the message names the nearest one), or nothing
            could pass a changed bound.
    """
    known: dict[str, Bound] = {}

    def changed(bound: Bound) -> Bound:
        known[bound.name] = bound.model_copy(update=dict(overrides.get(bound.name, {})))
        return known[bound.name]

    gates: Gates = _map_bounds(Gates(), changed)
    for name in overrides:
        if name not in known:
            raise ValueError(_unknown(name, list(known)))
        bound = known[name]
        if bound.lower is not None and bound.upper is not None and bound.lower > bound.upper:
            raise ValueError(
                "A bound's `lower` may not lie above its `upper`, or nothing could pass. "
                f"Received: {name} with lower {bound.lower}, upper {bound.upper}, of which one is "
                "the default. Give both ends."
            )
    return gates


def _map_bounds(value: Any, change: Callable[[Bound], Bound]) -> Any:
    """A tree of settings with every bound changed."""
    if isinstance(value, Bound):
        return change(value)
    if isinstance(value, Frozen):
        fields = type(value).model_fields
        return value.model_copy(
            update={name: _map_bounds(getattr(value, name), change) for name in fields}
        )
    if isinstance(value, tuple):
        return tuple(_map_bounds(item, change) for item in value)
    return value


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    nearest = f"Nearest right name: {close[0]!r}." if close else f"Choose from {', '.join(known)}."
    return f"`gates` may only name bounds of a gate. Received: {name!r}. {nearest}"
