"""Thousands of broken requests: an answer that is finite or a refusal, and a healthy server after.

Seeded, so that a failure comes again. `SLUICE_FUZZ_CASES` sets how many.
"""

from __future__ import annotations

import collections
import json
import os
import shutil
import socket
import time
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("SLUICE_FUZZ_CASES", "6000"))
REFUSALS = {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"}
ODD_NUMBERS = [0, -1, 1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 1e39, 1e-320]
ODD_FLOATS = [float("nan"), float("inf"), -float("inf"), -0.0, *map(float, ODD_NUMBERS)]
ODD_TEXTS = [b"", b"\xff\xfe", b"\0", b"x" * 10_000, "\u202e".encode(), b"apple"]


@pytest.fixture(scope="module")
def server(toy_models, tmp_path_factory, call):
    """(stubs, REST port) of a server in this process."""
    from serving.model_server.rest.server import RestOptions
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    base_path = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(toy_models / "1", base_path / "1")
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, rest=RestOptions())
    yield call(f"127.0.0.1:{server.start()}"), server.rest_port
    server.stop(5)


def mutate(data, rng):
    """A few bytes changed, dropped, doubled or moved."""
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(data))) if data else 0
        length = int(rng.integers(1, 8))
        match int(rng.integers(5)):
            case 0:
                data[at : at + 1] = bytes([int(rng.integers(256))])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at:at] = rng.bytes(length)
            case _:
                del data[at:]
    return bytes(data)


def random_tensor(rng):
    """Any dtype and shape, with values that need not fit them."""
    proto = tensor_pb2.TensorProto(dtype=int(rng.integers(0, 25)))
    for _ in range(int(rng.integers(0, 4))):
        proto.tensor_shape.dim.add(size=int(rng.choice([0, 1, 1, 2, 3, -1, 2**20, 2**40, 2**62])))
    proto.tensor_shape.unknown_rank = bool(rng.random() < 0.05)
    count = int(rng.integers(0, 6))
    match int(rng.integers(5)):
        case 0:
            proto.float_val.extend(rng.choice(ODD_FLOATS, count))
        case 1:
            proto.string_val.extend(ODD_TEXTS[i] for i in rng.integers(0, len(ODD_TEXTS), count))
        case 2:
            proto.int64_val.extend(int(rng.integers(-(2**63), 2**63 - 1)) for _ in range(count))
        case 3:
            proto.int_val.extend(int(rng.integers(-(2**31), 2**31 - 1)) for _ in range(count))
        case _:
            proto.tensor_content = rng.bytes(count * 4)
    return proto


def odd_values(name, value, rng):
    """An array of the right dtype and rank, with odd values and sizes."""
    array = np.asarray(value)
    shape = [int(rng.integers(0, 4)) for _ in array.shape]
    if array.dtype == np.float32:
        with np.errstate(over="ignore"):
            return rng.choice(ODD_FLOATS, shape).astype(np.float32)
    if name == "top_k":
        return np.int32(rng.choice([0, -1, 1, 7, 2**31 - 1, -(2**31)]))
    if array.dtype == np.int64:
        return rng.integers(-(2**63), 2**63 - 1, shape)
    odd = np.empty(shape, dtype=object)
    odd[...] = ODD_TEXTS[int(rng.integers(len(ODD_TEXTS)))]
    return odd


def broken_request(good, inputs, rng):
    """The bytes of one request."""
    if rng.random() < 0.4:
        return mutate(good.SerializeToString(), rng)
    request = predict_pb2.PredictRequest()
    request.CopyFrom(good)
    values = inputs()
    for name in rng.choice(list(values), int(rng.integers(1, 4)), replace=False):
        random = rng.random() < 0.5
        proto = random_tensor(rng) if random else odd_tensor(name, values[name], rng)
        request.inputs[name].CopyFrom(proto)
    if rng.random() < 0.1:
        del request.inputs[str(rng.choice(list(values)))]
    if rng.random() < 0.05:
        request.output_filter.append(str(rng.choice(["score", "item_id", "", "none"])))
    return request.SerializeToString()


def odd_tensor(name, value, rng):
    odd = odd_values(name, value, rng)
    if odd.dtype == object:
        dims = {"dim": [{"size": size} for size in odd.shape]}
        values = odd.ravel().tolist()
        return tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, tensor_shape=dims, string_val=values
        )
    return tf.make_tensor_proto(odd)


def outcome(raw, data):
    """The code of a call; an answer must be finite."""
    refusal, answer = None, predict_pb2.PredictResponse()
    try:
        answer.ParseFromString(raw(data, timeout=60))
    except grpc.RpcError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code().name in REFUSALS, (refusal.code(), refusal.details(), data)
        return refusal.code().name
    for name in ("score", "retrieval_score"):
        if name in answer.outputs:
            assert np.isfinite(tf.make_ndarray(answer.outputs[name])).all(), data
    return "OK"


def test_broken_requests_are_refused_or_answered(server, inputs, request_for):
    caller, _ = server
    raw = caller.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    rng = np.random.default_rng(20)
    good = request_for(inputs(rows=2))
    codes = collections.Counter(
        outcome(raw, broken_request(good, inputs, rng)) for _ in range(CASES)
    )
    assert sum(codes.values()) == CASES
    assert codes["INVALID_ARGUMENT"] > CASES / 3
    assert codes["OK"] > CASES / 100  # or the cases would be too broken to reach the model
    assert caller.predict(inputs()).model_spec.version.value == 1


def test_a_model_that_fails_would_be_noticed(server, inputs, request_for):
    """Control: a code outside of the refusals, and an answer that is not finite."""
    caller, _ = server
    raw = caller.channel.unary_unary("/tensorflow.serving.PredictionService/None")
    with pytest.raises(AssertionError, match="UNIMPLEMENTED"):
        outcome(raw, b"")
    answer = predict_pb2.PredictResponse()
    answer.outputs["score"].CopyFrom(tf.make_tensor_proto([float("nan")]))
    with pytest.raises(AssertionError):
        outcome(lambda data, timeout: answer.SerializeToString(), b"")


def test_large_requests_are_answered(server, inputs):
    caller, _ = server
    long = {
        "history_item_id": np.full((1, 10_000), "bread", dtype=object),
        "history_event_type": np.full((1, 10_000), "view", dtype=object),
        "history_time": np.zeros((1, 10_000), np.int64),
    }
    items = tf.make_ndarray(caller.predict({**inputs(), **long}).outputs["item_id"])
    assert items.tolist() == [[b"apple", b"cheese", b"dates"]]
    large = {"user_id": np.array([b"x" * 64 * 2**20], dtype=object)}
    assert caller.predict({**inputs(), **large}).outputs["item_id"].string_val[0] == b"bread"


def test_calls_and_connections_that_are_cut_leave_the_server_well(server, inputs, request_for):
    caller, _ = server
    request = request_for(inputs())
    for at in range(200):
        call = caller.prediction.Predict.future(request, timeout=60)
        if at % 2:
            time.sleep(0.001)
        call.cancel()
    host, _, port = caller.address.rpartition(":")
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    rng = np.random.default_rng(22)
    for _ in range(200):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            frame = b"\0\xff\xff" + rng.bytes(int(rng.integers(1, 60)))  # longer than what follows
            connection.sendall(preface[: int(rng.integers(1, 25))] + frame)
    assert caller.predict(inputs()).model_spec.version.value == 1


def random_json(rng, depth=0):
    kind = int(rng.integers(0, 9 if depth < 4 else 6))
    texts = ["", "apple", "\ud800", "\0", "x" * 300]
    match kind:
        case 0:
            return None
        case 1:
            return bool(rng.integers(2))
        case 2:
            return int(rng.integers(-5, 5)) * 10 ** int(rng.integers(0, 30))
        case 3:
            return ODD_FLOATS[int(rng.integers(len(ODD_FLOATS)))]
        case 4 | 5:
            return texts[int(rng.integers(len(texts)))]
        case 6:
            return {"b64": random_json(rng, 4)}
        case _:
            return [random_json(rng, depth + 1) for _ in range(int(rng.integers(0, 4)))]


def plain_inputs(inputs):
    return {
        name: value.tolist() if hasattr(value, "tolist") else value
        for name, value in inputs().items()
    }


def broken_body(inputs, rng):
    values = plain_inputs(inputs)
    for name in rng.choice(list(values), int(rng.integers(0, 3)), replace=False):
        values[str(name)] = random_json(rng)
    body = {"signature_name": "recommend", "inputs": values}
    if rng.random() < 0.2:
        body[str(rng.choice(["inputs", "instances", "signature_name"]))] = random_json(rng)
    data = json.dumps(body).encode()
    return mutate(data, rng) if rng.random() < 0.3 else data


def post(port, body):
    url = f"http://127.0.0.1:{port}/v1/models/recommender:predict"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_broken_bodies_are_refused_or_answered(server, inputs):
    _, port = server
    rng = np.random.default_rng(21)
    statuses = collections.Counter()
    for _ in range(CASES // 4):
        body = broken_body(inputs, rng)
        status, answer = post(port, body)
        assert status in (200, 400), (status, answer, body)
        assert status == 200 or json.loads(answer)["error"], body
        statuses[status] += 1
    assert statuses[400] > CASES / 16
    assert statuses[200] > CASES / 100
