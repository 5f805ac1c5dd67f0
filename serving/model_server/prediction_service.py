"""PredictionService: Predict, Classify, Regress, MultiInference and GetModelMetadata."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.model_server import inference
from serving.model_server.encoding import to_proto
from serving.model_server.errors import invalid_argument
from serving.model_server.metrics import Metrics
from serving.model_server.model_lookup import Models, acquire
from serving.model_server.servables import DEFAULT_SIGNATURE, Servable

SIGNATURE_DEF = "signature_def"


class PredictionService:
    """Answers requests with the models it is given.

    Args:
        models: Model name -> its versions.
        metrics: What counts and times the calls.
        tensor_content: Send numbers as one block of bytes.
    """

    def __init__(self, models: Models, metrics: Metrics, tensor_content: bool = False) -> None:
        self._models = models
        self._tensor_content = tensor_content
        self._metrics = metrics

    @contextlib.contextmanager
    def _computing(self, spec: model_pb2.ModelSpec, api: str) -> Iterator[tuple[int, Servable]]:
        """The version that answers, while it does; timed."""
        with (
            acquire(self._models, spec) as (version, servable),
            self._metrics.computing(spec.name, api, version),
        ):
            yield version, servable

    def predict(
        self,
        threads: Executor,
        request: predict_pb2.PredictRequest,
        begun: Callable[[Future[Any]], None],
    ) -> predict_pb2.PredictResponse:
        """The response to a request.

        Args:
            threads: Where it is computed if requests are not joined.
            request: The request.
            begun: Is given what it waits for, which may be cancelled.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
            concurrent.futures.CancelledError: It was cancelled before it was computed.
        """
        spec, inputs = request.model_spec, request.inputs
        with self._computing(spec, "Predict") as (version, servable):
            answer = servable.start(threads, spec.signature_name, inputs, request.output_filter)
            begun(answer)
            outputs = answer.result()
        response = predict_pb2.PredictResponse(model_spec=_effective(spec, version))
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(to_proto(array, self._tensor_content))
        return response

    def classify(
        self, request: classification_pb2.ClassificationRequest
    ) -> classification_pb2.ClassificationResponse:
        """The response to a request.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        spec = request.model_spec
        with self._computing(spec, "Classify") as (version, servable):
            result = inference.classify(servable, spec.signature_name, request.input)
        return classification_pb2.ClassificationResponse(
            model_spec=_effective(spec, version), result=result
        )

    def regress(
        self, request: regression_pb2.RegressionRequest
    ) -> regression_pb2.RegressionResponse:
        """The response to a request.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        spec = request.model_spec
        with self._computing(spec, "Regress") as (version, servable):
            result = inference.regress(servable, spec.signature_name, request.input)
        return regression_pb2.RegressionResponse(
            model_spec=_effective(spec, version), result=result
        )

    def multi_infer(
        self, request: inference_pb2.MultiInferenceRequest
    ) -> inference_pb2.MultiInferenceResponse:
        """The response to a request.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        specs = [task.model_spec for task in request.tasks]
        _check_tasks(specs)
        with self._computing(specs[0], "MultiInference") as (version, servable):
            results = inference.multi_infer(servable, request.tasks, request.input)
        for result, spec in zip(results, specs, strict=True):
            result.model_spec.CopyFrom(_effective(spec, version))
        return inference_pb2.MultiInferenceResponse(results=results)

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """The signatures of a model, as `metadata["signature_def"]`.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        fields = list(request.metadata_field)
        if not fields or set(fields) != {SIGNATURE_DEF}:
            raise invalid_argument(
                f"metadata_field must be {SIGNATURE_DEF!r}, the only field there is; "
                f"received {fields}"
            )
        signatures = get_model_metadata_pb2.SignatureDefMap()
        with acquire(self._models, request.model_spec) as (version, servable):
            for name, signature in servable.signature_defs.items():
                signatures.signature_def[name].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version
        response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response


def _effective(spec: model_pb2.ModelSpec, version: int) -> model_pb2.ModelSpec:
    """Who answered."""
    effective = model_pb2.ModelSpec(
        name=spec.name, signature_name=spec.signature_name or DEFAULT_SIGNATURE
    )
    effective.version.value = version
    return effective


def _check_tasks(specs: Sequence[model_pb2.ModelSpec]) -> None:
    if not specs:
        raise invalid_argument(
            "Inference request must have at least one task, received none. Fill `tasks`"
        )
    first = specs[0]
    for spec in specs:
        if (spec.name, spec.version, spec.version_label) != (
            first.name,
            first.version,
            first.version_label,
        ):
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name and "
                f"version; received {first.name!r} and {spec.name!r}. Send one request each"
            )
    names = [spec.signature_name or DEFAULT_SIGNATURE for spec in specs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise invalid_argument(
            f"Duplicate evaluation of signature: {', '.join(repeated)}. Name each signature once"
        )
