"""PredictionService: Predict and GetModelMetadata."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.model_server.errors import answer, invalid_argument, unimplemented
from serving.model_server.model_lookup import Models, acquire
from serving.model_server.servables import DEFAULT_SIGNATURE

SIGNATURE_DEF = "signature_def"


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers requests with the models it is given.

    Args:
        models: Model name -> its versions.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run one signature of a model."""
        return answer(self.predict, request, context)

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describe the signatures of a model."""
        return answer(self.metadata, request, context)

    def Classify(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Not offered."""
        return answer(_not_offered("Classify"), request, context)

    def Regress(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Not offered."""
        return answer(_not_offered("Regress"), request, context)

    def MultiInference(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Not offered."""
        return answer(_not_offered("MultiInference"), request, context)

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """The response to a request.

        Raises:
            RequestError: With the status that TensorFlow Serving gives.
        """
        spec = request.model_spec
        with acquire(self._models, spec) as (version, servable):
            outputs = servable.run(spec.signature_name, request.inputs, request.output_filter)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = spec.name
        response.model_spec.version.value = version
        response.model_spec.signature_name = spec.signature_name or DEFAULT_SIGNATURE
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
        return response

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


def _not_offered(call: str) -> Any:
    def refuse(request: Any) -> NoReturn:
        raise unimplemented(
            f"{call} is not offered by this server: it would need tf.Example inputs. "
            "Call Predict, which takes the same signature's tensors"
        )

    return refuse
