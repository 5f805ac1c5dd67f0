"""Reads objects as Kubernetes' API does with strict field validation."""

from __future__ import annotations

import json
import re

from kubernetes import client


class SchemaError(Exception):
    """An object is not what its kind says; the message names the place."""


class _Answer:
    """What the client's parser takes: something with a body."""

    def __init__(self, value):
        self.data = json.dumps(value)


def check(value, model):
    """Parses a whole object into the client's model, e.g. `V1Deployment`.

    Raises:
        SchemaError: A field is unknown, missing or of a wrong type.
    """
    _check(value, model, value.get("kind", model))
    try:  # the models refuse what is required and missing
        return client.ApiClient().deserialize(_Answer(value), model)
    except ValueError as error:
        raise SchemaError(str(error)) from error


def _check(value, kind, where):
    if found := re.fullmatch(r"list\[(.+)\]", kind):
        _expect(value, list, where)
        for i, one in enumerate(value):
            _check(one, found[1], f"{where}[{i}]")
    elif found := re.fullmatch(r"dict\(str, (.+)\)", kind):
        _expect(value, dict, where)
        for key, one in value.items():
            _check(one, found[1], f"{where}.{key}")
    elif kind in ("str", "int", "float", "bool"):
        _expect(value, {"str": str, "int": int, "float": (int, float), "bool": bool}[kind], where)
    elif kind != "object":
        model = getattr(client, kind)
        fields = {key: model.openapi_types[name] for name, key in model.attribute_map.items()}
        _expect(value, dict, where)
        for key, one in value.items():
            if key not in fields:
                raise SchemaError(f"{where}: {kind} has no field {key!r}")
            _check(one, fields[key], f"{where}.{key}")


def _expect(value, types, where):
    if not isinstance(value, types) or (types is int and isinstance(value, bool)):
        raise SchemaError(f"{where}: {value!r} is not of type {types}")
