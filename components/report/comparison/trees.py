"""Where two trees of plain values differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A place in two trees: a dotted path and both values, None where a tree has nothing there."""

    name: str
    a: Any
    b: Any


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """Every leaf that the two trees do not share, in the order of the first tree.

    Entries of a list that have a name go by it, so that a feature put in front of the others does
    not make all of them differ; a list of plain values is one leaf.
    """
    left, right = _leaves(a), _leaves(b)
    return [
        Difference(path, left.get(path), right.get(path))
        for path in dict.fromkeys([*left, *right])
        if left.get(path) != right.get(path)
    ]


def _leaves(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        place = f"{path}{key}"
        if isinstance(value, list) and value and all(_is_named(part) for part in value):
            value = {part["name"]: {k: v for k, v in part.items() if k != "name"} for part in value}
        if isinstance(value, Mapping) and value:
            found |= _leaves(value, f"{place}.")
        else:
            found[place] = value
    return found


def _is_named(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("name"), str)
