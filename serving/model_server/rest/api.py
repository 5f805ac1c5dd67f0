"""The routes of the REST API: (method, path, body) to a JSON body."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    regression_pb2,
)

from serving.model_server.errors import invalid_argument
from serving.model_server.metrics import Metrics
from serving.model_server.model_lookup import Models, acquire
from serving.model_server.model_service import ModelService
from serving.model_server.prediction_service import SIGNATURE_DEF, PredictionService
from serving.model_server.rest import from_json, to_json

_MODEL = (
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d{1,18})|/labels/(?P<label>[^/:]+))?"
)
_CALL = re.compile(_MODEL + r":(?P<call>predict|classify|regress)", re.IGNORECASE | re.ASCII)
_STATUS = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE | re.ASCII)


class RestApi:
    """Answers requests with the models of a server.

    Args:
        models: The models that are served.
        prediction: The gRPC service whose work it shares.
        model_service: Likewise, for states.
        metrics: What counts the calls.
    """

    def __init__(
        self,
        models: Models,
        prediction: PredictionService,
        model_service: ModelService,
        metrics: Metrics,
    ) -> None:
        self._models = models
        self._prediction = prediction
        self._model_service = model_service
        self._metrics = metrics

    def answer(self, method: str, path: str, body: bytes) -> bytes:
        """The JSON answer to a request.

        Args:
            method: GET or POST.
            path: As sent, percent-encoded.
            body: As sent, decompressed.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        if method == "POST" and (call := _CALL.fullmatch(path)):
            handlers = {
                "predict": ("Predict", self._predict),
                "classify": ("Classify", self._classify),
                "regress": ("Regress", self._regress),
            }
            api, handler = handlers[call["call"].lower()]
            spec = _spec(call)
            with self._metrics.call(spec.name if spec.name in self._models else "", api, "REST"):
                return to_json.dump(handler(spec, body))
        if method == "GET" and (asked := _STATUS.fullmatch(path)):
            spec = _spec(asked)
            return to_json.dump(self._metadata(spec) if asked["metadata"] else self._status(spec))
        raise invalid_argument(
            f"Malformed request: {method} {path}. There are POST /v1/models/NAME[/versions/N or "
            "/labels/LABEL]:predict, :classify or :regress, and GET of the same path or its "
            "/metadata"
        )

    def _predict(self, spec: model_pb2.ModelSpec, body: bytes) -> dict[str, Any]:
        asked = from_json.predict_body(body)
        with acquire(self._models, spec) as (version, servable):
            signature = servable.signature(asked.signature_name)
            feeds = signature.arrange(asked.arrays(signature))
            with self._metrics.computing(spec.name, "Predict", version):
                outputs = servable.compute(signature, feeds, signature.fetches(()))
        return to_json.predictions(outputs, asked.rows)

    def _classify(self, spec: model_pb2.ModelSpec, body: bytes) -> dict[str, Any]:
        asked = from_json.parse(body)
        spec.signature_name = from_json.signature_name(asked)
        request = classification_pb2.ClassificationRequest(
            model_spec=spec, input=from_json.examples(asked)
        )
        return to_json.classifications(self._prediction.classify(request).result)

    def _regress(self, spec: model_pb2.ModelSpec, body: bytes) -> dict[str, Any]:
        asked = from_json.parse(body)
        spec.signature_name = from_json.signature_name(asked)
        request = regression_pb2.RegressionRequest(model_spec=spec, input=from_json.examples(asked))
        return to_json.regressions(self._prediction.regress(request).result)

    def _status(self, spec: model_pb2.ModelSpec) -> Any:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
        return _as_dict(self._model_service.status(request))

    def _metadata(self, spec: model_pb2.ModelSpec) -> dict[str, Any]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=[SIGNATURE_DEF]
        )
        response = self._prediction.metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return {
            "model_spec": _as_dict(response.model_spec),
            "metadata": {SIGNATURE_DEF: _as_dict(signatures)},
        }


def _spec(match: re.Match[str]) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=unquote(match["name"]))
    if match["version"]:
        spec.version.value = int(match["version"])
    elif match["label"]:
        spec.version_label = unquote(match["label"])
    return spec


def _as_dict(message: Any) -> Any:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
