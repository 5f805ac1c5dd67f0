"""The model server's side: the same requests, one a call, against the embedded server.

`python -m benchmarks.evaluation.server_side BASE_PATH RECORDS CALLS SAID`.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from benchmarks.said import report
from components.example_columns import read_records
from serving.embedded import embedded_server

_WARM_UP = 20


def main(base_path: str, records: str, calls: str, said: str) -> None:
    """Asks for the list of one request after another, and reports the seconds they took."""
    rows = list(itertools.islice(read_records([records]), int(calls) + _WARM_UP))
    with embedded_server(Path(base_path)) as server, grpc.insecure_channel(server.address) as to:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(to)
        for row in rows[:_WARM_UP]:
            stub.Predict(_request(row))
        began = time.perf_counter()
        for row in rows[_WARM_UP:]:
            stub.Predict(_request(row))
        seconds = time.perf_counter() - began
    report(Path(said), seconds=seconds, rows=len(rows) - _WARM_UP)


def _request(row: bytes) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "recommender"
    request.model_spec.signature_name = "serving_default"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([row]))
    return request


if __name__ == "__main__":
    main(*sys.argv[1:])
