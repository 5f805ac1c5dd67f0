"""Services of the API on a gRPC server, with requests that do not parse answered as such.

The generated code lets gRPC parse the request, which answers bytes that are no such message (or
text that is no UTF-8) with INTERNAL, as if the server were at fault.
"""

from __future__ import annotations

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


def add_service(name: str, servicer: Any, server: grpc.Server) -> None:
    """Answer the calls of a service with the methods of the same names.

    Args:
        name: `PredictionService` or `ModelService`.
        servicer: What answers.
        server: The server to add it to.
    """
    service = f"tensorflow.serving.{name}"
    handlers = {
        call: _handler(getattr(servicer, call), request, response)
        for call, (request, response) in _CALLS[service].items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


def _handler(answer: Any, request_type: Any, response_type: Any) -> grpc.RpcMethodHandler:
    def parse_and_answer(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            request = request_type.FromString(data)
        except DecodeError as error:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the request must be a {request_type.DESCRIPTOR.full_name}, received "
                f"{len(data)} bytes that are not: {error}. Names in it must be UTF-8",
            )
        return answer(request, context)

    return grpc.unary_unary_rpc_method_handler(
        parse_and_answer, response_serializer=response_type.SerializeToString
    )
