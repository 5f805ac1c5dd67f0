"""Protobuf's text format from plain values, for messages that no installed package describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = bool | int | str | Mapping[str, "Value"] | Sequence["Value"]


def text_proto(fields: Mapping[str, Value], indent: str = "") -> str:
    """Fields in order: a mapping is a message, a list a field that repeats.

    >>> print(text_proto({"size": {"value": 3}, "allowed": [1, 2], "pad": True}), end="")
    size {
      value: 3
    }
    allowed: 1
    allowed: 2
    pad: true
    """
    lines = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                lines.append(f"{indent}{name} {{\n{text_proto(one, indent + '  ')}{indent}}}\n")
            else:  # JSON writes booleans, whole numbers and strings as the text format does
                lines.append(f"{indent}{name}: {json.dumps(one, ensure_ascii=False)}\n")
    return "".join(lines)
