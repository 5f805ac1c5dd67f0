"""Message classes and methods of TensorFlow Serving's gRPC API.

`tensorflow-serving-api` brings TensorFlow with it, so the descriptions of the messages lie beside
this file instead (`scripts/serving_messages.py` writes them). They are loaded into a pool of their
own: TensorFlow registers the same names in the common one, and both may live in one process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DESCRIPTIONS = Path(__file__).with_name("tensorflow_serving.binpb")


def _load(path: Path) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _load(DESCRIPTIONS)


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


TensorProto = _message("tensorflow.TensorProto")
SignatureDefMap = _message("tensorflow.serving.SignatureDefMap")
PredictRequest = _message("tensorflow.serving.PredictRequest")
GetModelMetadataRequest = _message("tensorflow.serving.GetModelMetadataRequest")
GetModelStatusRequest = _message("tensorflow.serving.GetModelStatusRequest")

_STATES = _POOL.FindEnumTypeByName("tensorflow.serving.ModelVersionStatus.State")


def state_name(state: int) -> str:
    """Name of a version's state: `AVAILABLE`, `END` ..."""
    known = _STATES.values_by_number.get(state)
    return f"STATE_{state}" if known is None else str(known.name)


class Method(NamedTuple):
    """A unary method: its path, and the class of its response."""

    path: str
    response: Any


PREDICT = Method(
    "/tensorflow.serving.PredictionService/Predict", _message("tensorflow.serving.PredictResponse")
)
GET_MODEL_METADATA = Method(
    "/tensorflow.serving.PredictionService/GetModelMetadata",
    _message("tensorflow.serving.GetModelMetadataResponse"),
)
GET_MODEL_STATUS = Method(
    "/tensorflow.serving.ModelService/GetModelStatus",
    _message("tensorflow.serving.GetModelStatusResponse"),
)
METHODS = (PREDICT, GET_MODEL_METADATA, GET_MODEL_STATUS)
