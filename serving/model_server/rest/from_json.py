"""JSON bodies of the REST API to arrays and tf.Examples, by TensorFlow Serving's conventions."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow_serving.apis import input_pb2

from serving.model_server.errors import invalid_argument, unimplemented
from serving.model_server.signatures import Signature, TensorSpec
from serving.tensors import dtype_name

_SHOWN = 80  # characters of a wrong value that an error repeats


@dataclasses.dataclass(frozen=True)
class PredictBody:
    """A body of `:predict`.

    Attributes:
        signature_name: Empty means `serving_default`.
        rows: True when it was written by rows (`instances`), False by columns (`inputs`).
        values: The list of instances, or the inputs.
    """

    signature_name: str
    rows: bool
    values: Any

    def arrays(self, signature: Signature) -> dict[str, NDArray[Any]]:
        """Input name -> array.

        Raises:
            RequestError: INVALID_ARGUMENT with the rule, the value received and what to do.
        """
        columns = self._by_row(signature) if self.rows else self._by_column(signature)
        unknown = sorted(columns.keys() - signature.inputs.keys())
        if unknown:
            raise invalid_argument(
                f"signature {signature.name!r} has no input {', '.join(map(repr, unknown))}. It "
                f"takes {', '.join(signature.inputs)}"
            )
        return {
            name: to_array(value, signature.inputs[name], f"input {name!r}")
            for name, value in columns.items()
        }

    def _by_column(self, signature: Signature) -> Mapping[str, Any]:
        if isinstance(self.values, dict) and not _is_b64(self.values):
            return self.values
        return {_only_input(signature): self.values}

    def _by_row(self, signature: Signature) -> dict[str, list[Any]]:
        named = [isinstance(row, dict) and not _is_b64(row) for row in self.values]
        if not any(named):
            return {_only_input(signature): self.values}
        names = list(self.values[0]) if named[0] else []
        for at, row in enumerate(self.values):
            if not named[at] or row.keys() != self.values[0].keys():
                raise invalid_argument(
                    "every instance must name the same inputs; instance 0 names "
                    f"{sorted(names)}, instance {at} is {_shown(row)}"
                )
        return {name: [row[name] for row in self.values] for name in names}


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; NaN and Infinity are numbers.

    Raises:
        RequestError: INVALID_ARGUMENT when it holds something else.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError, and too long numbers
        raise invalid_argument(
            f"JSON Parse error: {error}. The body must be one JSON object in UTF-8"
        ) from error
    if not isinstance(value, dict):
        raise invalid_argument(f"the body must be a JSON object, received {_shown(value)}")
    return value


def predict_body(body: bytes) -> PredictBody:
    """The body of a `:predict`.

    Raises:
        RequestError: INVALID_ARGUMENT with the rule, the value received and what to do.
    """
    value = parse(body)
    if ("instances" in value) == ("inputs" in value):
        raise invalid_argument(
            "the body must hold either 'instances' (a list of rows) or 'inputs' (columns); "
            f"received the keys {sorted(value)}"
        )
    rows = "instances" in value
    values = value["instances" if rows else "inputs"]
    if rows and (not isinstance(values, list) or not values):
        raise invalid_argument(
            f"'instances' must be a list of at least one row, received {_shown(values)}"
        )
    return PredictBody(signature_name(value), rows, values)


def signature_name(value: Mapping[str, Any]) -> str:
    """The signature that a body names, or the empty name.

    Raises:
        RequestError: INVALID_ARGUMENT when it is not a string, or half a character.
    """
    name = value.get("signature_name", "")
    if not isinstance(name, str) or not _is_text(name):
        raise invalid_argument(f"'signature_name' must be a string, received {_shown(name)}")
    return name


def examples(value: Mapping[str, Any]) -> input_pb2.Input:
    """The tf.Examples of a body of `:classify` or `:regress`.

    Raises:
        RequestError: INVALID_ARGUMENT with the rule, the value received and what to do.
    """
    listed, filled = value.get("examples"), input_pb2.Input()
    if not isinstance(listed, list) or not listed:
        raise invalid_argument(
            f"'examples' must be a list of at least one object, received {_shown(listed)}"
        )
    converted = [_example(example) for example in listed]
    if "context" in value:
        filled.example_list_with_context.examples.extend(converted)
        filled.example_list_with_context.context.CopyFrom(_example(value["context"]))
    else:
        filled.example_list.examples.extend(converted)
    return filled


def to_array(value: Any, spec: TensorSpec, where: str) -> NDArray[Any]:
    """Nested lists as an array of the dtype that a signature asks for.

    Raises:
        RequestError: INVALID_ARGUMENT: ragged lists, another type, or a number out of range.
    """
    shape, leaf = [], value
    while isinstance(leaf, list):
        shape.append(len(leaf))
        leaf = leaf[0] if leaf else None
    flat: Sequence[Any] = [value]
    for level, size in enumerate(shape):
        for part in flat:
            if not isinstance(part, list) or len(part) != size:
                raise invalid_argument(
                    f"{where} must be {spec}, whose lists at one level have the same size: at "
                    f"level {level} expected {size} values, received {_shown(part)}"
                )
        flat = list(chain.from_iterable(flat))
    try:
        return _values(flat, spec).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise invalid_argument(f"{where} must be {spec}, received {error}") from error


def _values(flat: Sequence[Any], spec: TensorSpec) -> NDArray[Any]:
    """One-dimensional values of the spec's dtype; ValueError shows the first that is not."""
    dtype = tf.dtypes.as_dtype(spec.dtype)
    if dtype == tf.string:
        array = np.empty(len(flat), dtype=object)
        array[:] = [_bytes(value) for value in flat]
        return array
    if dtype.is_floating:
        _require(flat, lambda v: type(v) in (int, float))
        return _float_array(flat, dtype.as_numpy_dtype)
    if dtype.is_bool:
        _require(flat, lambda v: type(v) is bool)
    elif dtype.is_integer:
        low, high = dtype.min, dtype.max
        _require(flat, lambda v: type(v) is int and low <= v <= high)
    else:
        raise unimplemented(f"JSON has no form for {dtype_name(spec.dtype)}. Use gRPC")
    return np.array(flat, dtype=dtype.as_numpy_dtype)


def _float_array(flat: Sequence[Any], dtype: Any) -> NDArray[Any]:
    wide = np.array(flat, dtype=np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(dtype)
    lost = np.isfinite(wide) & ~np.isfinite(narrow)
    if lost.any():
        raise ValueError(f"{_shown(flat[int(lost.argmax())])}, which is too large")
    return narrow


def _require(flat: Sequence[Any], fits: Any) -> None:
    for value in flat:
        if not fits(value):
            raise ValueError(_shown(value))


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", errors="surrogatepass")
    if _is_b64(value):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"{_shown(value)}, which is not base64 ({error})") from error
    raise ValueError(_shown(value))


def _example(value: Any) -> tf.train.Example:
    if not isinstance(value, dict) or _is_b64(value):
        raise invalid_argument(f"an example must be an object, received {_shown(value)}")
    example = tf.train.Example()
    for name, given in value.items():
        values = given if isinstance(given, list) else [given]
        try:
            _fill(example.features.feature[name], values)
        except (ValueError, TypeError, OverflowError) as error:
            raise invalid_argument(
                f"feature {name!r} must hold strings, {{'b64': ...}}, integers of 64 bits or "
                f"numbers, all of one kind; received {_shown(given)}"
            ) from error
    return example


def _fill(feature: tf.train.Feature, values: Sequence[Any]) -> None:
    kinds = {type(value) for value in values}
    if not values:
        return
    if kinds <= {str, dict}:
        feature.bytes_list.value.extend(map(_bytes, values))
    elif kinds == {int}:
        feature.int64_list.value.extend(values)
    elif kinds <= {int, float}:
        feature.float_list.value.extend(_float_array(values, np.float32).tolist())
    else:
        raise TypeError(kinds)


def _only_input(signature: Signature) -> str:
    if len(signature.inputs) != 1:
        raise invalid_argument(
            f"signature {signature.name!r} has {len(signature.inputs)} inputs, so each value must "
            f"name its own: {', '.join(signature.inputs)}"
        )
    return next(iter(signature.inputs))


def _is_text(value: str) -> bool:
    """False where a surrogate stands alone, which JSON can write and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_b64(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
