"""The calls of both services as coroutines of the loop that gRPC runs in.

What takes the interpreter long, and what waits for a model, is done in threads. A Predict request
of the usual size is not: to hand it to a thread and to hear of its end there would cost more than
to take it apart, and a request that waits to be joined with others needs no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

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

_SMALL_BYTES, _SMALL_VALUES = 64 * 1024, 16 * 1024

Request = TypeVar("Request")
Response = TypeVar("Response")


class GrpcApi:
    """What answers the calls; its methods are named as theirs.

    Args:
        models: The models that are served.
        prediction: What computes.
        model_service: What tells the state of the models, and replaces them.
        metrics: What counts and times the calls.
        threads: For what is not done in the loop.
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

    async def Predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Run one signature of a model."""
        small = request.ByteSize() <= _SMALL_BYTES and _values(request) <= _SMALL_VALUES
        with self._counted("Predict", request.model_spec):
            return await self._prediction.predict(self._threads, request, small=small)

    async def Classify(
        self, request: classification_pb2.ClassificationRequest
    ) -> classification_pb2.ClassificationResponse:
        """Classify tf.Examples."""
        with self._counted("Classify", request.model_spec):
            return await self._in_thread(self._prediction.classify, request)

    async def Regress(
        self, request: regression_pb2.RegressionRequest
    ) -> regression_pb2.RegressionResponse:
        """Predict one value for each tf.Example."""
        with self._counted("Regress", request.model_spec):
            return await self._in_thread(self._prediction.regress, request)

    async def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest
    ) -> inference_pb2.MultiInferenceResponse:
        """Classify and regress the same tf.Examples with several signatures of one model."""
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._counted("MultiInference", spec):
            return await self._in_thread(self._prediction.multi_infer, request)

    async def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describe the signatures of a model."""
        return await self._in_thread(self._prediction.metadata, request)

    async def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """State of every version of a model, newest first, with the error of a failed load."""
        return self._model_service.status(request)

    async def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serve the models of the request, and only these; a bad request changes nothing."""
        return await self._in_thread(self._model_service.reload, request)

    async def _in_thread(self, answer: Callable[[Request], Response], request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._threads, answer, request)

    def _counted(
        self, api: str, spec: model_pb2.ModelSpec
    ) -> contextlib.AbstractContextManager[None]:
        return self._metrics.call(spec.name if spec.name in self._models else "", api, "GRPC")


def _values(request: predict_pb2.PredictRequest) -> int:
    """How many values the inputs have; a tensor of few bytes may name one value for all."""
    return sum(
        math.prod(dim.size for dim in tensor.tensor_shape.dim) for tensor in request.inputs.values()
    )
