"""Arrays and results to the JSON bodies of the REST API, by TensorFlow Serving's conventions."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving.model_server.errors import invalid_argument

_BYTES_SUFFIX = "_bytes"


def dump(value: Any) -> bytes:
    """A JSON body; NaN and infinities are written NaN, Infinity and -Infinity."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="surrogatepass")


def predictions(outputs: Mapping[str, NDArray[Any]], rows: bool) -> dict[str, Any]:
    """The body of an answer to `:predict`.

    Args:
        outputs: Output name -> array.
        rows: True for `predictions`, a list of rows; False for `outputs`, columns.

    Raises:
        RequestError: INVALID_ARGUMENT when the outputs cannot be cut into rows.
    """
    if rows:
        return {"predictions": _by_row(outputs)}
    columns = {name: _values(name, array) for name, array in outputs.items()}
    return {"outputs": next(iter(columns.values())) if len(columns) == 1 else columns}


def classifications(result: classification_pb2.ClassificationResult) -> dict[str, Any]:
    """The body of an answer to `:classify`: for each example, pairs of label and score."""
    return {
        "results": [
            [[one.label, _shortest(np.float32(one.score)).item()] for one in row.classes]
            for row in result.classifications
        ]
    }


def regressions(result: regression_pb2.RegressionResult) -> dict[str, Any]:
    """The body of an answer to `:regress`: a value for each example."""
    values = np.array([one.value for one in result.regressions], np.float32)
    return {"results": _shortest(values).tolist()}


def _by_row(outputs: Mapping[str, NDArray[Any]]) -> list[Any]:
    shapes = {name: list(array.shape) for name, array in outputs.items()}
    if len({shape[0] if shape else None for shape in shapes.values()} - {None}) != 1 or not all(
        shapes.values()
    ):
        raise invalid_argument(
            "an answer by rows needs outputs of the same first dimension, the model gave "
            f"{shapes}. Ask by columns: 'inputs' in place of 'instances'"
        )
    columns = {name: _values(name, array) for name, array in outputs.items()}
    if len(columns) == 1:
        rows: list[Any] = next(iter(columns.values()))
        return rows
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(name: str, array: NDArray[Any]) -> Any:
    if array.dtype == object:
        as_bytes = name.endswith(_BYTES_SUFFIX)
        flat = np.empty(array.size, dtype=object)
        flat[:] = [_b64(value) if as_bytes else _text(value) for value in array.ravel()]
        return flat.reshape(array.shape).tolist()
    return (_shortest(array) if array.dtype.kind == "f" else array).tolist()


def _shortest(array: Any) -> NDArray[Any]:
    """float64 that print as the shortest text which reads back as the same narrower float.

    0.2 as float32 is 0.200000003, which nobody wants to read in an answer.
    """
    values = np.asarray(array)
    return values if values.dtype == np.float64 else values.astype("U32").astype(np.float64)


def _text(value: bytes) -> str | dict[str, str]:
    """A string; bytes that are not UTF-8 are written as the requests write them."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return _b64(value)


def _b64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode("ascii")}
