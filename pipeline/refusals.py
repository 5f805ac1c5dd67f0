"""Why settings are refused: the rule, the value received, what to do, and the nearest right key."""

from __future__ import annotations

import difflib
import json
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.yaml_tree import Location, Tree


class SettingsError(ValueError):
    """The settings cannot be used; the message says the rule, the value received, what to do."""


def explain(error: ValidationError, tree: Tree, path: Path) -> str:
    """Every error of a settings file in one message, one line each, in the order of the file."""
    details = error.errors(include_url=False)
    lines = [(_line(detail["loc"], tree), _sentence(detail, Settings)) for detail in details]
    lines.sort(key=lambda pair: pair[0])
    said = [f"line {line}: {text}" if line else text for line, text in lines]
    if len(said) == 1:
        return f"{path}, {said[0]}" if lines[0][0] else f"{path}: {said[0]}"
    return "\n".join([f"{path}: {len(said)} settings are wrong.", *(f"  {s}" for s in said)])


def _sentence(detail: ErrorDetails, root: type[BaseModel]) -> str:
    location = detail["loc"]
    key = f"`{dotted(location)}`"
    if detail["type"] == "extra_forbidden":
        return f"{key}: there is no such key. {_nearest(location, root)}"
    if detail["type"] == "missing":
        return f"{key} is required. Received: nothing. Add it."
    if detail["type"] == "value_error":  # our own validators say it all themselves
        said = detail["msg"].removeprefix("Value error, ")
        return f"{key}: {said}" if location else said
    rule = detail["msg"].removeprefix("Input should ").removesuffix(".")
    if detail["type"] == "string_pattern_mismatch":
        rule = f"match the pattern {detail['ctx']['pattern']}"
    elif detail["type"] == "model_type":
        rule = "hold keys of its own"
    elif not rule.startswith(("be ", "have ")):
        rule = f"be as asked ({rule})"
    received = json.dumps(detail["input"], ensure_ascii=False, default=str)
    return f"{key} must {rule}. Received: {received[:80]}. {_remedy(location, root)}"


def dotted(location: Location) -> str:
    """A location as a person writes it.

    >>> dotted(("features", 0, "name"))
    'features[0].name'
    """
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _line(location: Location, tree: Tree) -> int:
    """Line of a location, or of the nearest place around it that the file holds; 0 for none."""
    for length in range(len(location), 0, -1):
        if (line := tree.lines.get(location[:length])) is not None:
            return line
    return 0


def _nearest(location: Location, root: type[BaseModel]) -> str:
    wrong, parent = str(location[-1]), location[:-1]
    owner = _model_at(root, parent)
    siblings = list(owner.model_fields) if owner else []
    if close := difflib.get_close_matches(wrong, siblings, n=1, cutoff=0.6):
        return f"Nearest right key: `{dotted((*parent, close[0]))}`."
    everywhere = _all_keys(root)
    if elsewhere := [key for key in everywhere if key[-1] == wrong]:
        return f"Nearest right key: `{dotted(elsewhere[0])}`."
    names = sorted({str(key[-1]) for key in everywhere})
    if close := difflib.get_close_matches(wrong, names, n=1, cutoff=0.75):
        right = next(key for key in everywhere if key[-1] == close[0])
        return f"Nearest right key: `{dotted(right)}`."
    here = f"`{dotted(parent)}`" if parent else "The settings"
    return f"{here} may hold: {', '.join(siblings)}."


def _remedy(location: Location, root: type[BaseModel]) -> str:
    owner = _model_at(root, location[:-1])
    field = owner.model_fields.get(str(location[-1])) if owner else None
    if field is None or field.is_required():
        return "Change the value."
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = json.dumps(default, default=str)
    return f"Change the value, or leave the key out for the default {shown[:60]}."


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The settings class whose keys stand at a location."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        if typing.get_origin(current) is dict:  # its keys are free, its values have a class
            current = typing.get_args(current)[1]
            continue
        owner = _model_in(current)
        field = owner.model_fields.get(part) if owner else None
        current = field.annotation if field else None
    return _model_in(current)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class inside `X`, `X | None` or `tuple[X, ...]`; none for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (tuple, list, typing.Union, types.UnionType):
        return next(filter(None, map(_model_in, typing.get_args(annotation))), None)
    return None


def _all_keys(model: type[BaseModel], prefix: Location = ()) -> list[Location]:
    keys: list[Location] = []
    for name, field in model.model_fields.items():
        keys.append((*prefix, name))
        if inner := _model_in(field.annotation):
            keys.extend(_all_keys(inner, (*prefix, name)))
    return keys
