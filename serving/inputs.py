"""The inputs of a call: queries to named arrays, and arrays to the protos a signature declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.query import FeatureValue, Query
from serving.tensors import DT_FLOAT, DT_STRING, dense, dtype_name, write_tensor

# Array of an input, or for a declared feature the value of each query, None where it has none.
Inputs = dict[str, NDArray[Any] | np.int32 | list[FeatureValue | None]]


class InputError(Exception):
    """Values that the signature cannot take; the message says the rule, the value and the fix."""


def query_inputs(queries: Sequence[Query]) -> Inputs:
    """The inputs that describe the queries, as the serving contract names them.

    Histories and exclusions are padded at the end, with "" and 0.

    Args:
        queries: B queries.

    Returns:
        [B] and [B, longest] arrays, and a list of B values for each feature that any query has;
        for each aggregate by category its categories and values, as `<name>_key` and
        `<name>_value`.
    """
    inputs: Inputs = {
        "user_id": np.array([q.user_id for q in queries], dtype=object),
        "request_time": np.array([q.request_time for q in queries], dtype=np.int64),
        "history_item_id": dense([q.history_item_id for q in queries], ""),
        "history_event_type": dense([q.history_event_type for q in queries], ""),
        "history_time": dense([q.history_time for q in queries], 0),
        "exclude_item_id": dense([q.exclude_item_id for q in queries], ""),
    }
    for name in sorted({name for q in queries for name in q.features}):
        inputs[name] = [q.features.get(name) for q in queries]
    for name in sorted({name for q in queries for name in q.category_values}):
        values = [q.category_values.get(name, {}) for q in queries]
        inputs[f"{name}_key"] = dense([list(known) for known in values], "")
        inputs[f"{name}_value"] = dense([list(known.values()) for known in values], 0.0)
    return inputs


def fill_inputs(fields: Any, inputs: Inputs, declared: Mapping[str, Any]) -> None:
    """Writes each input that the signature declares, with the dtype it declares.

    A declared input that no query mentions is missing for all: "" for a text, NaN for a number, 0
    for a time, and one column of padding for an input of any length.

    Args:
        fields: The `inputs` of an empty PredictRequest: name -> TensorProto.
        inputs: As `query_inputs` gives them, and what else the signature takes.
        declared: Input name -> TensorInfo.

    Raises:
        InputError: An input that the signature does not have, or a value of the wrong type.
    """
    unknown = sorted(set(inputs) - set(declared))
    if unknown:
        raise InputError(
            f"the model has no input {', '.join(map(repr, unknown))}. "
            f"Leave it out, or choose from {sorted(declared)}"
        )
    batch = next(len(a) for a in inputs.values() if not isinstance(a, np.int32))
    for name, info in declared.items():
        missing = missing_input(batch, len(info.tensor_shape.dim), info.dtype)
        _write(fields[name], name, inputs.get(name, missing), info.dtype)


def missing_input(batch: int, rank: int, dtype: int) -> list[Any]:
    """An input that no query mentions.

    Args:
        batch: Number of queries.
        rank: Dimensions of the input: 1, or 2 for one of any length.
        dtype: TensorFlow's DataType of the input.
    """
    value = missing_value(dtype)
    return [value] * batch if rank < 2 else [[value]] * batch


def missing_value(dtype: int) -> FeatureValue:
    """What stands for a value that a query does not have; the model reads it as missing.

    Args:
        dtype: TensorFlow's DataType of the input.
    """
    if dtype == DT_STRING:
        return ""
    return float("nan") if dtype == DT_FLOAT else 0


def _write(proto: Any, name: str, values: Any, dtype: int) -> None:
    if isinstance(values, list):
        values = [missing_value(dtype) if value is None else value for value in values]
    try:
        write_tensor(proto, values, dtype)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"input {name!r} takes {dtype_name(dtype)}, received {values}. "
            "Give every query a value of this type"
        ) from error
