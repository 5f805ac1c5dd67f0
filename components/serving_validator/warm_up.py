"""The requests that a version must have answered before it meets its first user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.serving_validator.calls import Signatures, predict_request
from serving.inputs import query_inputs
from serving.query import Query

_BATCHES = (1, 8, 32)
_LIST_LENGTH = 10
_MODEL = "recommender"


def write_warm_up(path: Path, queries: Sequence[Query], declared: Signatures) -> int:
    """Writes warm-up requests, as TensorFlow Serving replays them.

    Args:
        path: The file.
        queries: Requests to draw from, at least one.
        declared: Inputs of the model's signatures.

    Returns:
        Number of requests written.
    """
    requests = list(_requests(queries, declared))
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString(deterministic=True))
    return len(requests)


def _requests(queries: Sequence[Query], declared: Signatures) -> Iterator[Any]:
    for size in _BATCHES:
        batch = [queries[i % len(queries)] for i in range(size)]
        inputs = {**query_inputs(batch), "top_k": np.int32(_LIST_LENGTH)}
        yield predict_request(_MODEL, "recommend", inputs, declared)
    one = query_inputs(queries[:1])
    del one["exclude_item_id"]
    items = np.array([[item for q in queries for item in q.history_item_id][:_LIST_LENGTH] or [""]])
    candidates = {**one, "candidate_item_id": items.astype(object)}
    yield predict_request(_MODEL, "rank", candidates, declared)
