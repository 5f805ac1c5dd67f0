"""Warm-up: the requests a version must answer before any user reaches it.

The first call of a signature can take hundreds of times as long as the next ones. A SavedModel may
carry requests in `assets.extra/tf_serving_warmup_requests`; TensorFlow Serving replays them before
it makes the version available, and so does this server. Of a version without such a file this
server asks each signature once, with the smallest inputs it takes; a file without requests asks for
nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import prediction_log_pb2

from serving.model_server import inference
from serving.model_server.errors import RequestError
from serving.model_server.signatures import TensorSpec
from serving.tensors import dtype_name

if TYPE_CHECKING:
    from serving.model_server.servables import Servable

logger = logging.getLogger(__name__)

WARM_UP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000  # TensorFlow Serving refuses more

_REPLAYED = ("predict_log", "classify_log", "regress_log", "multi_inference_log")


class WarmUpError(Exception):
    """The warm-up file cannot be replayed; the message says which record and why."""


def warm_up(version_path: Path, servable: Servable) -> int:
    """Replay the warm-up requests of a version; without any, ask each signature once.

    Args:
        version_path: Directory of the SavedModel.
        servable: What answers them.

    Returns:
        How many requests were replayed.

    Raises:
        WarmUpError: A record is malformed, or the model did not answer it.
    """
    path = version_path / WARM_UP_FILE
    if not path.is_file():
        _ask_each_signature(servable)
        return 0
    count = 0
    for count, record in enumerate(_records(path), start=1):
        if count > MAX_RECORDS:
            raise WarmUpError(f"{path} may hold at most {MAX_RECORDS} requests, it holds more")
        log = _parse(record, f"record {count} of {path}")
        try:
            _replay(log, servable)
        except RequestError as error:
            raise WarmUpError(
                f"record {count} of {path} was not answered: {error.message}"
            ) from error
    return count


def _ask_each_signature(servable: Servable) -> None:
    """Compile what no request is given for. The model may refuse inputs that mean nothing to it."""
    for name, signature in servable.signatures.items():
        inputs = {name: _smallest(spec) for name, spec in signature.inputs.items()}
        try:
            servable.run(name, inputs)
        except RequestError as error:
            logger.info("signature %r is not warmed up: %s", name, error.message)
        except Exception:  # what no caller may ever ask must not keep the version from serving
            logger.exception("signature %r cannot be warmed up", name)


def _smallest(spec: TensorSpec) -> tensor_pb2.TensorProto:
    """One row of what an input takes: empty texts and zeros, but ones of integers, as counts."""
    proto = tensor_pb2.TensorProto(dtype=spec.dtype)
    for size in spec.shape or ():
        proto.tensor_shape.dim.add(size=1 if size < 0 else size)
    if dtype_name(spec.dtype) == "int32":
        proto.int_val.append(1)
    elif dtype_name(spec.dtype) == "int64":
        proto.int64_val.append(1)
    return proto


def _records(path: Path) -> Iterator[bytes]:
    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.DataLossError as error:
        raise WarmUpError(
            f"{path} must be a TFRecord file of PredictionLog records: {error.message}"
        ) from error


def _parse(record: bytes, where: str) -> Any:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise WarmUpError(f"{where} must be a PredictionLog: {error}") from error
    kind = log.WhichOneof("log_type")
    if kind not in _REPLAYED:
        raise WarmUpError(
            f"{where} must hold one of {', '.join(_REPLAYED)}, it holds {kind or 'nothing'}. "
            "Write it with the model's requests"
        )
    return log


def _replay(log: Any, servable: Servable) -> None:
    kind = log.WhichOneof("log_type")
    request = getattr(log, kind).request
    if kind == "predict_log":
        servable.run(request.model_spec.signature_name, request.inputs, request.output_filter)
    elif kind == "classify_log":
        inference.classify(servable, request.model_spec.signature_name, request.input)
    elif kind == "regress_log":
        inference.regress(servable, request.model_spec.signature_name, request.input)
    else:
        inference.multi_infer(servable, request.tasks, request.input)
