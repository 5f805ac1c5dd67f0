"""Classify, Regress and MultiInference: tf.Examples in, classes or values out.

A signature can classify when its one input, `inputs`, takes serialized tf.Examples and its outputs
are `classes` (string [B, C]), `scores` (float32 [B, C]) or both; it can regress when its output is
`outputs` (float32 [B] or [B, 1]). As in TensorFlow Serving, the method name that the signature
carries does not matter: exporters of today write `predict` everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
from numpy.typing import NDArray
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    regression_pb2,
)

from serving.model_server.errors import RequestError, invalid_argument, unimplemented
from serving.model_server.signatures import Signature, TensorSpec

if TYPE_CHECKING:
    from serving.model_server.servables import Servable

CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"

_INPUT, _CLASSES, _SCORES, _VALUES = "inputs", "classes", "scores", "outputs"


def classify(
    servable: Servable, signature_name: str, examples: input_pb2.Input
) -> classification_pb2.ClassificationResult:
    """The classes of each example, with label, score or both.

    Raises:
        RequestError: The signature cannot classify, or the examples do not fit.
    """
    signature = _signature(servable, signature_name)
    names = [name for name in (_CLASSES, _SCORES) if name in signature.outputs]
    _require(signature, "classify", len(signature.outputs) <= 2, names, f"{_CLASSES}, {_SCORES}")
    _require_dtype(signature, _CLASSES, types_pb2.DT_STRING)
    _require_dtype(signature, _SCORES, types_pb2.DT_FLOAT)
    rows = _serialized(examples)
    outputs = servable.compute(signature, [rows], names)
    for name, values in outputs.items():
        if values.ndim != 2 or len(values) != len(rows):
            raise _wrong_shape(signature, name, values, f"[{len(rows)}, number of classes]")
    labels, scores = outputs.get(_CLASSES), outputs.get(_SCORES)
    result = classification_pb2.ClassificationResult()
    for row in range(len(rows)):
        classes = result.classifications.add().classes
        for at in range(next(iter(outputs.values())).shape[1]):
            classes.add(
                label=b"" if labels is None else labels[row, at],
                score=0.0 if scores is None else scores[row, at],
            )
    return result


def regress(
    servable: Servable, signature_name: str, examples: input_pb2.Input
) -> regression_pb2.RegressionResult:
    """The value of each example.

    Raises:
        RequestError: The signature cannot regress, or the examples do not fit.
    """
    signature = _signature(servable, signature_name)
    names = [_VALUES] if _VALUES in signature.outputs else []
    _require(signature, "regress", len(signature.outputs) == 1, names, _VALUES)
    _require_dtype(signature, _VALUES, types_pb2.DT_FLOAT)
    rows = _serialized(examples)
    values = servable.compute(signature, [rows], names)[_VALUES]
    if values.shape not in ((len(rows),), (len(rows), 1)):
        raise _wrong_shape(signature, _VALUES, values, f"[{len(rows)}] or [{len(rows)}, 1]")
    result = regression_pb2.RegressionResult()
    for value in values.ravel().tolist():
        result.regressions.add(value=value)
    return result


def multi_infer(
    servable: Servable, tasks: Sequence[inference_pb2.InferenceTask], examples: input_pb2.Input
) -> list[inference_pb2.InferenceResult]:
    """The results of several signatures on the same examples, in the order of the tasks.

    Raises:
        RequestError: One of the tasks cannot be done; none is answered then.
    """
    results = []
    for task in tasks:
        spec, result = task.model_spec, inference_pb2.InferenceResult()
        if task.method_name == CLASSIFY_METHOD:
            answer = classify(servable, spec.signature_name, examples)
            result.classification_result.CopyFrom(answer)
        elif task.method_name == REGRESS_METHOD:
            result.regression_result.CopyFrom(regress(servable, spec.signature_name, examples))
        else:
            raise unimplemented(
                f"Unsupported signature method_name: {task.method_name!r}. Use "
                f"{CLASSIFY_METHOD!r} or {REGRESS_METHOD!r}"
            )
        results.append(result)
    return results


def _signature(servable: Servable, name: str) -> Signature:
    try:
        return servable.signature(name)
    except RequestError as error:  # TensorFlow Serving answers Predict with another code
        raise invalid_argument(error.message) from error


def _require(
    signature: Signature, what: str, countable: bool, names: Sequence[str], expected: str
) -> None:
    rule = (
        f"to {what}, signature {signature.name!r} must have one input, {_INPUT!r}, of serialized "
        f"tf.Examples and outputs among {{{expected}}}; it has "
        f"{_listing(signature.inputs)} -> {_listing(signature.outputs)}. Call Predict, or export "
        "a signature of that form"
    )
    if len(signature.inputs) != 1 or not countable:
        raise invalid_argument(rule)
    spec = signature.inputs.get(_INPUT)
    if spec is None or not names:
        raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, rule)
    if spec.dtype != types_pb2.DT_STRING or not spec.allows((1,)):
        raise invalid_argument(rule)


def _require_dtype(signature: Signature, name: str, dtype: int) -> None:
    spec = signature.outputs.get(name)
    if spec is not None and spec.dtype != dtype:
        raise invalid_argument(
            f"output {name!r} of signature {signature.name!r} must be "
            f"{TensorSpec('', dtype, spec.shape)}, it is {spec}. Call Predict instead"
        )


def _serialized(examples: input_pb2.Input) -> NDArray[Any]:
    """Serialized tf.Examples [B]; the context, where there is one, below each example's own."""
    kind = examples.WhichOneof("kind")
    listed = getattr(examples, kind).examples if kind else ()
    if not listed:
        raise invalid_argument(
            "Input is empty: it must hold at least one tf.Example. Fill input.example_list.examples"
        )
    rows = np.empty(len(listed), dtype=object)
    for at, example in enumerate(listed):
        if kind == "example_list_with_context":
            merged = example_pb2.Example()
            merged.CopyFrom(examples.example_list_with_context.context)
            merged.MergeFrom(example)
            example = merged
        rows[at] = example.SerializeToString()
    return rows


def _wrong_shape(
    signature: Signature, name: str, values: NDArray[Any], expected: str
) -> RequestError:
    return invalid_argument(
        f"output {name!r} of signature {signature.name!r} must have the shape {expected}, it has "
        f"{list(values.shape)}. Call Predict instead"
    )


def _listing(specs: Mapping[str, TensorSpec]) -> str:
    return "{" + ", ".join(f"{name} {spec}" for name, spec in specs.items()) + "}"
