"""A real server that is configured by the rendered files: labels, metrics, readiness."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from typer.testing import CliRunner

from components.pusher.labels import Rollout
from components.pusher.promotion import promote
from components.pusher.publish import publish
from pipeline.cli import app
from pipeline.deployment import server
from pipeline.serving_folder import serving_folder
from tests.pipeline.deployment.test_monitoring import EXPOSED, HISTOGRAM
from tests.serving.conftest import build_model
from tests.waiting import wait_until
from trainer.distribution import free_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def canary(shop):
    shop.config.write_text(shop.config.read_text() + "serving: {rollout: canary}\n")
    return shop


def push(shop, number):
    model = shop.folder / f"model-{number}"
    build_model(model, number)
    folder = serving_folder(shop.settings)
    publish(model, folder, extra_files={}, now=number, keep=3, rollout=Rollout.CANARY)


def render(shop, out):
    """Renders the next step; the container's base path becomes that of the shop."""
    arguments = ["serving-config", "--config", str(shop.config), "--out", str(out), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    here = str(serving_folder(shop.settings))
    text = (out / "models.config").read_text().replace("/models/recommender", here)
    draft = out / "here.draft"
    draft.write_text(text)
    draft.replace(out / "here.config")
    return json.loads(result.stdout)["settled"]


class Running:
    """The embedded server with the flags of the container, on other ports."""

    def __init__(self, out):
        self._log = out / "server.log"
        (self.rest,) = free_ports(1)
        flags = [
            *("--port=0", f"--rest_api_port={self.rest}"),
            f"--model_config_file={out / 'here.config'}",
            f"--monitoring_config_file={out / server.MONITORING}",
            *("--model_config_file_poll_wait_seconds=0.2", "--file_system_poll_wait_seconds=0.2"),
        ]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serving.model_server", *flags],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def address(self):
        found = wait_until(lambda: re.search(r"listening on (\S+:\d+)", self._log.read_text()))
        return found[1]

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


def answering(stub, label):
    """The version that answers a label; None where the label is refused."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "recommender"
    request.model_spec.signature_name = "similar_items"
    request.model_spec.version_label = label
    request.inputs["item_id"].CopyFrom(tf.make_tensor_proto(["apple"]))
    request.inputs["top_k"].CopyFrom(tf.make_tensor_proto(2, tf.int32))
    try:
        return stub.Predict(request, timeout=10).model_spec.version.value
    except grpc.RpcError:
        return None


@pytest.fixture
def running(canary, tmp_path):
    push(canary, 1)
    render(canary, tmp_path)
    started = Running(tmp_path)
    yield started
    started.process.terminate()
    started.process.wait(30)


def test_labels_follow_step_by_step_and_are_answered_all_the_while(canary, running, tmp_path):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.insecure_channel(running.address())
    )
    labels = ("canary", "stable")

    def settle(expected):
        while True:
            settled = render(canary, tmp_path)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                now = [answering(stub, label) for label in labels]
                assert None not in now  # a label is answered at every moment
                if settled and now == expected:
                    return
                if not settled and time.monotonic() > deadline - 26:
                    break  # time for the server to load what the step lists
                time.sleep(0.02)
            assert not settled, now

    assert [answering(stub, label) for label in labels] == [1, 1]
    push(canary, 2)
    settle([2, 1])
    promote(serving_folder(canary.settings))
    settle([2, 2])
    rolled = CliRunner().invoke(app, ["rollback", "--config", str(canary.config), "--json"])
    new = json.loads(rolled.stdout)["served_version"]
    settle([new, new])


def test_it_is_ready_and_tells_what_the_queries_ask_for(running):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.insecure_channel(running.address())
    )
    assert answering(stub, "stable") == 1
    assert running.get("/v1/models/recommender/metadata")[0] == 200
    assert running.get("/v1/models/other/metadata")[0] == 404
    _, page = running.get("/monitoring/prometheus/metrics")
    told = {line.partition("{")[0] for line in page.splitlines() if not line.startswith("#")}
    runtime = {name for name in EXPOSED if name.startswith(list(HISTOGRAM)[1])}
    assert set(EXPOSED) - {"up"} - runtime <= told
    assert 'le="37481.3"' in page
