"""The servers that the suite runs against, and stubs to call them with.

The embedded server always, without and with batching. A `tensorflow_model_server` on the PATH as
well. And a server that runs already, named by `TFS_ENDPOINT=HOST:PORT[,REST_HOST:PORT]`: its models
are replaced, and it must see the folder named by `TFS_MODELS_DIR` under the same path.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from trainer.distribution import free_ports

BINARY = "tensorflow_model_server"
ENDPOINT = os.environ.get("TFS_ENDPOINT", "")
METRICS_PATH = "/monitoring/prometheus/metrics"
AVAILABLE = 30
BATCHING = """
max_batch_size { value: 8 }
batch_timeout_micros { value: 1000 }
allowed_batch_sizes: [2, 8]
pad_variable_length_inputs: true
"""


def targets():
    ours = ["embedded", "embedded-batching"]
    return ours + [BINARY] * bool(shutil.which(BINARY)) + ["endpoint"] * bool(ENDPOINT)


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", targets(), scope="session")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclasses.dataclass
class Server:
    """A server under test, with the folder its models lie in."""

    address: str
    rest: str
    models: Path

    def __post_init__(self):
        self.channel = grpc.insecure_channel(self.address)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    # ------------------------------------------------------------ gRPC

    def predict(self, request):
        return self.prediction.Predict(request, timeout=60)

    def status(self, name="recommender", **spec):
        request = get_model_status_pb2.GetModelStatusRequest()
        fill(request.model_spec, name, **spec)
        response = self.model.GetModelStatus(request, timeout=60)
        return {version.version: version.state for version in response.model_version_status}

    def reload(self, text):
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(text, request.config)
        return self.model.HandleReloadConfigRequest(request, timeout=120)

    def wait_for(self, *versions, name="recommender"):
        """Until exactly these versions are available."""
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(grpc.RpcError):
                states = self.status(name)
                if {v for v, state in states.items() if state == AVAILABLE} == set(versions):
                    return
            assert time.monotonic() < deadline, f"versions {versions} did not become available"
            time.sleep(0.1)

    # ------------------------------------------------------------ REST

    def http(self, method, path, body=None):
        """(status, bytes)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.rest}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, method, path, body=None):
        """(status, JSON)."""
        status, answer = self.http(method, path, body)
        return status, json.loads(answer)


def fill(spec, name="recommender", signature="", version=None, label=None):
    spec.name, spec.signature_name = name, signature
    if version is not None:
        spec.version.value = version
    if label is not None:
        spec.version_label = label


def config(models, name="recommender", policy="", labels=None):
    """A ModelServerConfig of the scorer and one more model, in text format."""
    set_labels = "".join(
        f"version_labels {{ key: '{key}' value: {value} }} "
        for key, value in (labels or {}).items()
    )
    return f"""model_config_list {{
      config {{
        name: '{name}' base_path: '{models}/{name}' model_platform: 'tensorflow'
        {policy and f"model_version_policy {{ {policy} }}"} {set_labels}
      }}
      config {{
        name: 'scorer' base_path: '{models}/scorer' model_platform: 'tensorflow'
      }}
    }}"""


@pytest.fixture(scope="session")
def models(toy_models, scorer_model, tmp_path_factory):
    """The folder of the models: `recommender` with version 1, and `scorer`."""
    shared = os.environ.get("TFS_MODELS_DIR")
    folder = Path(shared) if shared else tmp_path_factory.mktemp("models")
    shutil.copytree(toy_models / "1", folder / "recommender" / "1")
    shutil.copytree(scorer_model, folder / "scorer" / "1")
    yield folder
    for name in ("recommender", "scorer"):
        shutil.rmtree(folder / name, ignore_errors=True)


@pytest.fixture(scope="session")
def server(target, models, tmp_path_factory):
    """A running server with version 1 of both models available, and no other."""
    with contextlib.ExitStack() as stack:
        if target == "endpoint":
            address, _, rest = ENDPOINT.partition(",")
        else:
            folder = tmp_path_factory.mktemp(target)
            address, rest = stack.enter_context(running(target, models, folder))
        served = Server(address, rest, models)
        stack.callback(served.channel.close)
        if target == "endpoint":
            served.reload(config(models))
        for name in ("recommender", "scorer"):
            served.wait_for(1, name=name)
        yield served


@contextlib.contextmanager
def running(target, models, folder):
    """Start a server of our own; gives its addresses."""
    model_config, monitoring = folder / "models.config", folder / "monitoring.txtpb"
    model_config.write_text(config(models))
    text_format.Parse(model_config.read_text(), model_server_config_pb2.ModelServerConfig())
    monitoring.write_text(f"prometheus_config {{ enable: true path: '{METRICS_PATH}' }}")
    port, rest_port = free_ports(2)
    program = [sys.executable, "-m", "serving.model_server"]
    extra = []
    if target == BINARY:
        program, extra = [BINARY], ["--enable_grpc_healthcheck_service=true"]
    elif target == "embedded-batching":
        parameters = folder / "batching.txtpb"
        parameters.write_text(BATCHING)
        extra = ["--enable_batching", f"--batching_parameters_file={parameters}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *program,
                f"--port={port}",
                f"--rest_api_port={rest_port}",
                f"--model_config_file={model_config}",
                f"--monitoring_config_file={monitoring}",
                "--file_system_poll_wait_seconds=1",
                *extra,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"127.0.0.1:{port}", f"127.0.0.1:{rest_port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def settled(server):
    """The server, put back to version 1 of the models after a test that changes them."""
    yield server
    for version in (server.models / "recommender").iterdir():
        if version.name != "1":
            shutil.rmtree(version)
    server.reload(config(server.models))
    server.wait_for(1)


@pytest.fixture(scope="session")
def config_text():
    return config


def inputs(rows=1, k=3, **change):
    """Inputs of the toy model's `recommend`; None leaves one out."""
    whole = {
        "user_id": np.full(rows, "u", dtype=object),
        "history_item_id": np.full((rows, 1), "apple", dtype=object),
        "history_event_type": np.full((rows, 1), "view", dtype=object),
        "history_time": np.zeros((rows, 1), np.int64),
        "exclude_item_id": np.full((rows, 1), "", dtype=object),
        "request_time": np.zeros(rows, np.int64),
        "age": np.zeros(rows, np.float32),
        "city": np.full(rows, "", dtype=object),
        "top_k": np.int32(k),
        **change,
    }
    return {name: value for name, value in whole.items() if value is not None}


@pytest.fixture(scope="session")
def request_of():
    """`request_of(change={}, signature=..., version=...)` -> PredictRequest."""

    def make(change=None, signature="recommend", rows=1, k=3, **spec):
        request = predict_pb2.PredictRequest()
        fill(request.model_spec, signature=signature, **spec)
        for name, value in inputs(rows, k, **(change or {})).items():
            proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
            request.inputs[name].CopyFrom(proto)
        return request

    return make


@pytest.fixture(scope="session")
def code_of():
    """The code of a call that must fail."""

    def call(method, request):
        with pytest.raises(grpc.RpcError) as caught:
            method(request, timeout=60)
        assert caught.value.details()
        return caught.value.code().name

    return call
