"""The calls of both services, each in a thread of gRPC's that waits for its answer.

An event loop that takes calls in spends less on each. But it takes one in at a time, and where more
come than are answered, those that it has not taken in yet can neither be answered nor refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.model_server.metrics import Metrics
from serving.model_server.model_service import ModelService
from serving.model_server.model_set import ModelSet
from serving.model_server.prediction_service import PredictionService

Request = TypeVar("Request")
Response = TypeVar("Response")


class GrpcApi:
    """What answers the calls; its methods are named as theirs.

    Args:
        models: The models that are served.
        prediction: What computes.
        model_service: What tells the state of the models, and replaces them.
        metrics: What counts and times the calls.
        threads: As many as may compute at the same time, beside those for joined requests.
    """

    def __init__(
        self,
        models: ModelSet,
        prediction: PredictionService,
        model_service: ModelService,
        metrics: Metrics,
        threads: Executor,
    ) -> None:
        self._models = models
        self._prediction = prediction
        self._model_service = model_service
        self._metrics = metrics
        self._threads = threads

    def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run one signature of a model."""

        def begun(answer: Future[Any]) -> None:
            if not context.add_callback(answer.cancel):  # the caller has given up already
                answer.cancel()

        with self._counted("Predict", request.model_spec):
            return self._prediction.predict(self._threads, request, begun)

    def Classify(
        self, request: classification_pb2.ClassificationRequest, _: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Classify tf.Examples."""
        with self._counted("Classify", request.model_spec):
            return self._in_turn(self._prediction.classify, request)

    def Regress(
        self, request: regression_pb2.RegressionRequest, _: grpc.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Predict one value for each tf.Example."""
        with self._counted("Regress", request.model_spec):
            return self._in_turn(self._prediction.regress, request)

    def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest, _: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Classify and regress the same tf.Examples with several signatures of one model."""
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._counted("MultiInference", spec):
            return self._in_turn(self._prediction.multi_infer, request)

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, _: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describe the signatures of a model."""
        return self._prediction.metadata(request)

    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, _: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """State of every version of a model, newest first, with the error of a failed load."""
        return self._model_service.status(request)

    def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, _: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serve the models of the request, and only these; a bad request changes nothing."""
        return self._model_service.reload(request)

    def _in_turn(self, answer: Callable[[Request], Response], request: Request) -> Response:
        return self._threads.submit(answer, request).result()

    def _counted(
        self, api: str, spec: model_pb2.ModelSpec
    ) -> contextlib.AbstractContextManager[None]:
        return self._metrics.call(spec.name if spec.name in self._models else "", api, "GRPC")
