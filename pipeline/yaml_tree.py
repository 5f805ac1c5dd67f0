"""YAML with line numbers: what a settings file says, and where it says it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import yaml

from pipeline.refusals import SettingsError

Location = tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class Tree:
    """A parsed YAML mapping.

    Attributes:
        value: Plain dictionaries, lists and scalars.
        lines: Location of each key or list element -> its line, from 1.
    """

    value: dict[str, Any]
    lines: dict[Location, int]


class _Loader(yaml.SafeLoader):
    """YAML 1.1's safe types, but `1e-3` is a number and a date stays the text it is."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))


def parse(text: str, path: Path) -> Tree:
    """Parses the text of a settings file.

    Raises:
        SettingsError: It is not YAML, not a mapping, or says a key twice.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None or not isinstance(root, yaml.MappingNode):
            raise SettingsError(
                f"{path} must be a YAML mapping, such as `name: my-shop`. "
                f"Received: {'an empty file' if root is None else f'a {type(root).__name__}'}. "
                "`sluice init` writes a first settings file."
            )
        lines: dict[Location, int] = {}
        _walk(root, (), lines, path)
        value = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(
            f"{path}{where}: this is not YAML: {error.problem}. Received: "
            f"{_line(text, mark.line) if mark else text[:40]}. Correct the line; in YAML the "
            "indentation makes the structure, and text with `: ` or `#` in it needs quotes."
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(
            f"{path}: this is not YAML. Received: {error}. Save it as plain text."
        ) from error
    return Tree(value, lines)


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    """Notes the line of everything below `node`, and refuses keys that are said twice."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SettingsError(
                    f"{path}, line {key.start_mark.line + 1}: a key must be one word. "
                    f"Received: {type(key).__name__}. Write `key: value`."
                )
            here = (*location, str(key.value))
            line = key.start_mark.line + 1
            if here in lines:
                raise SettingsError(
                    f"{path}, line {line}: each key may stand once. Received: "
                    f"`{'.'.join(map(str, here))}` again, after line {lines[here]}. "
                    "Delete one of the two."
                )
            lines[here] = line
            _walk(value, here, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, element in enumerate(node.value):
            lines[*location, index] = element.start_mark.line + 1
            _walk(element, (*location, index), lines, path)


def _line(text: str, index: int) -> str:
    lines = text.splitlines()
    return repr(lines[index].strip()) if index < len(lines) else "the end of the file"
