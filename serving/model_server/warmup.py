"""Warm-up: the requests a version must answer before any user reaches it.

The first call of a signature can take hundreds of times as long as the next ones. A SavedModel may
carry requests in `assets.extra/tf_serving_warmup_requests`; TensorFlow Serving replays them before
it makes the version available, and so does this server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import prediction_log_pb2

from serving.model_server.errors import RequestError

WARM_UP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000  # TensorFlow Serving refuses more

Run = Callable[[str, Mapping[str, tensor_pb2.TensorProto], Sequence[str]], object]


class WarmUpError(Exception):
    """The warm-up file cannot be replayed; the message says which record and why."""


def warm_up(version_path: Path, run: Run) -> int:
    """Replay the warm-up requests of a version; none is fine.

    Args:
        version_path: Directory of the SavedModel.
        run: Runs (signature name, inputs, output filter).

    Returns:
        How many requests were replayed.

    Raises:
        WarmUpError: A record is malformed, or the model did not answer it.
    """
    path = version_path / WARM_UP_FILE
    if not path.is_file():
        return 0
    count = 0
    for count, record in enumerate(_records(path), start=1):
        if count > MAX_RECORDS:
            raise WarmUpError(f"{path} may hold at most {MAX_RECORDS} requests, it holds more")
        request = _predict_request(record, f"record {count} of {path}")
        try:
            run(request.model_spec.signature_name, request.inputs, request.output_filter)
        except RequestError as error:
            raise WarmUpError(
                f"record {count} of {path} was not answered: {error.message}"
            ) from error
    return count


def _records(path: Path) -> Iterator[bytes]:
    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.DataLossError as error:
        raise WarmUpError(
            f"{path} must be a TFRecord file of PredictionLog records: {error.message}"
        ) from error


def _predict_request(record: bytes, where: str) -> Any:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise WarmUpError(f"{where} must be a PredictionLog: {error}") from error
    kind = log.WhichOneof("log_type")
    if kind != "predict_log":
        raise WarmUpError(
            f"{where} must hold a predict_log, it holds {kind or 'nothing'}. "
            "Write it with the model's Predict requests"
        )
    return log.predict_log.request
