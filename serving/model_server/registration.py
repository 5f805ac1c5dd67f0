"""The services of the API for a gRPC server, with requests that do not parse answered as such.

The generated code lets gRPC parse the request, which answers bytes that are no such message (or
text that is no UTF-8) with INTERNAL, as if the server were at fault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import classification_pb2 as classification
from tensorflow_serving.apis import get_model_metadata_pb2 as metadata
from tensorflow_serving.apis import get_model_status_pb2 as status
from tensorflow_serving.apis import inference_pb2 as inference
from tensorflow_serving.apis import model_management_pb2 as management
from tensorflow_serving.apis import predict_pb2 as predict
from tensorflow_serving.apis import regression_pb2 as regression

from serving.calls.errors import PUSHBACK
from serving.model_server.admission import Admission
from serving.model_server.errors import RefusedError, RequestError, internal, invalid_argument
from serving.model_server.grpc_api import GrpcApi

logger = logging.getLogger(__name__)

# Of the text of a refusal. gRPC writes each byte in up to three characters, and a caller who takes
# no such header (beyond 8 KiB most do not) sees RESOURCE_EXHAUSTED in place of the refusal.
_DETAILS_BYTES = 2000

# Service -> call -> request and response.
_CALLS: dict[str, dict[str, tuple[Any, Any]]] = {
    "tensorflow.serving.PredictionService": {
        "Predict": (predict.PredictRequest, predict.PredictResponse),
        "Classify": (classification.ClassificationRequest, classification.ClassificationResponse),
        "Regress": (regression.RegressionRequest, regression.RegressionResponse),
        "MultiInference": (inference.MultiInferenceRequest, inference.MultiInferenceResponse),
        "GetModelMetadata": (metadata.GetModelMetadataRequest, metadata.GetModelMetadataResponse),
    },
    "tensorflow.serving.ModelService": {
        "GetModelStatus": (status.GetModelStatusRequest, status.GetModelStatusResponse),
        "HandleReloadConfigRequest": (
            management.ReloadConfigRequest,
            management.ReloadConfigResponse,
        ),
    },
}


def handlers(api: GrpcApi, admission: Admission) -> tuple[grpc.GenericRpcHandler, ...]:
    """Both services.

    Args:
        api: What answers.
        admission: Which calls are answered.
    """
    return tuple(
        grpc.method_handlers_generic_handler(
            service,
            {
                call: grpc.unary_unary_rpc_method_handler(
                    _handler(getattr(api, call), request_type, admission),
                    response_serializer=response_type.SerializeToString,
                )
                for call, (request_type, response_type) in calls.items()
            },
        )
        for service, calls in _CALLS.items()
    )


def _handler(
    answer: Callable[[Any, grpc.ServicerContext], Any], request_type: Any, admission: Admission
) -> Callable[[bytes, grpc.ServicerContext], Any]:
    """A call from bytes to answer; what is no RequestError is a logged INTERNAL."""

    def handle(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            with admission.admitted():
                return answer(_parsed(data, request_type), context)
        except RequestError as error:
            failure = error
        except CancelledError:
            failure = RequestError(grpc.StatusCode.CANCELLED, "the caller gave up")
        except Exception as error:
            logger.exception("a call failed inside the server")
            failure = internal(error)
        # `abort` raises an exception of its own, so it stands outside the handlers above.
        context.set_trailing_metadata(_when_to_come_again(failure))
        context.abort(failure.code, _shortened(failure.message))
        raise AssertionError("unreachable: grpc's abort raises")

    return handle


def _parsed(data: bytes, request_type: Any) -> Any:
    try:
        return request_type.FromString(data)
    except DecodeError as error:
        raise invalid_argument(
            f"the request must be a {request_type.DESCRIPTOR.full_name}, received {len(data)} "
            f"bytes that are not: {error}. Names in it must be UTF-8"
        ) from error


def _shortened(message: str) -> str:
    """A message without its middle, where it is too long: the end says what to do."""
    text = message.encode()
    if len(text) <= _DETAILS_BYTES:
        return message
    half = _DETAILS_BYTES // 2
    return " [...] ".join(part.decode(errors="ignore") for part in (text[:half], text[-half:]))


def _when_to_come_again(failure: RequestError) -> tuple[tuple[str, str], ...]:
    return ((PUSHBACK, str(failure.wait_ms)),) if isinstance(failure, RefusedError) else ()
