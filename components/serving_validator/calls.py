"""Calls of the model server below the client's comforts: any signature, any input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np
import numpy.typing as npt
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import MAX_MESSAGE_BYTES
from serving.inputs import Inputs, fill_inputs
from serving.tensors import from_proto

_TIMEOUT_S = 60.0

Signatures = Mapping[str, Mapping[str, Any]]


class ContractError(Exception):
    """The model does not keep the serving contract; the message says where."""


def read_signatures(model: Path) -> dict[str, dict[str, Any]]:
    """Inputs of each signature of a SavedModel: signature -> input name -> TensorInfo.

    Raises:
        ContractError: There is no SavedModel.
    """
    path = model / "saved_model.pb"
    if not path.is_file():
        raise ContractError(
            f"A model must be a SavedModel. Received: {model}, without {path.name}."
        )
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    signatures = saved.meta_graphs[0].signature_def
    return {name: dict(signature.inputs) for name, signature in signatures.items()}


def predict_request(model_name: str, signature: str, inputs: Inputs, declared: Signatures) -> Any:
    """A PredictRequest with the dtypes that the signature declares.

    Raises:
        ContractError: The model lacks the signature.
    """
    if signature not in declared:
        raise ContractError(
            f"The serving contract has a signature {signature!r}. "
            f"Received: a model with {', '.join(sorted(declared))}."
        )
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature
    fill_inputs(request.inputs, inputs, declared[signature])
    return request


class Calls:
    """A connection to a model server."""

    def __init__(self, address: str) -> None:
        """Connects to `host:port`."""
        self._channel = grpc.insecure_channel(
            address, options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def predict(self, request: Any) -> dict[str, npt.NDArray[Any]]:
        """The outputs of a request.

        Raises:
            grpc.RpcError: The server did not answer.
        """
        response = self._stub.Predict(request, timeout=_TIMEOUT_S)
        return {name: from_proto(proto) for name, proto in response.outputs.items()}

    def version(self, request: Any) -> int:
        """The version that answers a request.

        Raises:
            grpc.RpcError: None did.
        """
        return int(self._stub.Predict(request, timeout=_TIMEOUT_S).model_spec.version.value)

    def status(self, request: Any) -> grpc.StatusCode:
        """The status code of a request."""
        try:
            self._stub.Predict(request, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK


def output(outputs: Mapping[str, npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    """One output of a signature.

    Raises:
        ContractError: The signature has no such output.
    """
    if name not in outputs:
        raise ContractError(
            f"The serving contract has an output {name!r}. Received: {', '.join(sorted(outputs))}."
        )
    return np.asarray(outputs[name])
