"""Raw stubs to call a server with, and valid inputs to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


class Caller:
    """Calls a server with the public stubs, as any client would."""

    def __init__(self, address: str) -> None:
        import grpc
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        self.address = address
        self.channel = grpc.insecure_channel(address)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def predict(self, inputs: dict[str, Any], signature: str = "recommend", **spec: Any) -> Any:
        return self.prediction.Predict(predict_request(inputs, signature, **spec), timeout=60)

    def request(self, inputs: dict[str, Any], signature: str = "recommend") -> Any:
        return predict_request(inputs, signature)

    def status(self) -> Any:
        from tensorflow_serving.apis import get_model_status_pb2

        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "recommender"
        return self.model.GetModelStatus(request, timeout=60)


def predict_request(
    inputs: dict[str, Any], signature: str = "recommend", name: str = "recommender"
) -> Any:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        proto = value if hasattr(value, "dtype") and hasattr(value, "tensor_shape") else None
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value) if proto is None else proto)
    return request


def recommend_inputs(rows: int = 1, k: int = 3) -> dict[str, Any]:
    """Valid inputs of the toy model's `recommend`."""
    text = np.full((rows, 1), "", dtype=object)
    return {
        "user_id": np.array(["u"] * rows, dtype=object),
        "history_item_id": np.full((rows, 1), "apple", dtype=object),
        "history_event_type": np.full((rows, 1), "view", dtype=object),
        "history_time": np.zeros((rows, 1), np.int64),
        "exclude_item_id": text,
        "request_time": np.zeros(rows, np.int64),
        "age": np.zeros(rows, np.float32),
        "city": np.array([""] * rows, dtype=object),
        "top_k": np.int32(k),
    }


@pytest.fixture(scope="session")
def inputs() -> Callable[..., dict[str, Any]]:
    return recommend_inputs


@pytest.fixture(scope="session")
def request_for() -> Callable[..., Any]:
    return predict_request


@pytest.fixture(scope="session")
def call() -> type[Caller]:
    return Caller


@pytest.fixture(scope="module")
def caller(served: str) -> Caller:
    """Stubs of the in-process server."""
    return Caller(served)
