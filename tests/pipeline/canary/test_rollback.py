"""A real server under calls: planted versions go by themselves, a good one is promoted."""

import json
import threading
import time

import grpc
import pytest
import tensorflow as tf
from tensorflow.python.data.experimental.ops import testing
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from typer.testing import CliRunner

from components.pusher import labels
from components.pusher.labels import Rollout
from components.pusher.publish import publish
from pipeline.cli import app
from pipeline.serving_folder import serving_folder
from serving.client import RecommenderClient, VersionStatus
from tests.pipeline.deployment.test_embedded_server import Running, render
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PATIENCE = 180  # seconds; versions load on a machine that has other work
# A planted version ends its trial early; a good one's lasts to the end, and its answers may be slow
# where the machine has other work.
PLANTED = "canary: {seconds: 120, answers: 5}"
GOOD = "canary: {seconds: 5, answers: 5, more_slow: 0.95}"


def good(item_id):
    return item_id


def failing(item_id):
    return tf.strings.join([item_id, tf.io.decode_compressed("no zlib at all", "ZLIB")])


def slow(item_id):
    waiting = tf.data.Dataset.from_tensors(0).apply(testing.sleep(200_000))  # microseconds
    waited = waiting.reduce(0, lambda total, one: total + one)
    with tf.control_dependencies([waited]):
        return tf.identity(item_id)


class Calls:
    """A caller of one label: who answered, and what failed."""

    def __init__(self, address, label):
        self.versions, self.failures = [], []
        self._request = predict_pb2.PredictRequest()
        self._request.model_spec.name = "recommender"
        self._request.model_spec.version_label = label
        self._request.inputs["item_id"].CopyFrom(tf.make_tensor_proto(["apple"]))
        self._channel = grpc.insecure_channel(address)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()
        self._channel.close()

    def _run(self):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        while not self._stop.is_set():
            try:
                answer = stub.Predict(self._request, timeout=60)
                self.versions.append(answer.model_spec.version.value)
            except grpc.RpcError as error:
                self.failures.append(error.code())
            time.sleep(0.002)


class Served:
    """A server of the versions that have a label; its configuration follows what is rendered."""

    def __init__(self, shop, out):
        self._shop, self._out = shop, out
        self.folder = serving_folder(shop.settings)
        self.push(1, good)
        render(shop, out)
        self._stop = threading.Event()
        self._follower = threading.Thread(target=self._follow)
        self._follower.start()
        self._server = Running(out)
        self.address = self._server.address()

    def stop(self):
        self._stop.set()
        self._follower.join()
        self._server.process.terminate()
        self._server.process.wait(30)

    def push(self, number, body):
        """Pushes a version as `canary`."""
        source = self._out / f"model-{number}"
        answer = tf.function(
            lambda item_id: {"item_id": body(item_id)},
            input_signature=[tf.TensorSpec([None], tf.string, "item_id")],
        )
        tf.saved_model.save(tf.Module(), str(source), signatures={"serving_default": answer})
        publish(source, self.folder, extra_files={}, now=number, keep=9, rollout=Rollout.CANARY)

    def begin(self, number):
        """Has the server load a version, then gives it its label."""
        render(self._shop, self._out)
        with RecommenderClient(self.address) as client:
            wait_until(lambda: VersionStatus(number, "AVAILABLE", "") in client.status(), PATIENCE)
        render(self._shop, self._out)

    def watch(self, *options):
        """Runs `sluice canary`; gives its exit code and what it said."""
        page = f"http://127.0.0.1:{self._server.rest}/monitoring/prometheus/metrics"
        where = ["--config", str(self._shop.config), "--rendered", str(self._out)]
        arguments = ["canary", *where, "--metrics", page, "--every", "0.2", "--json", *options]
        result = CliRunner().invoke(app, arguments)
        assert result.stdout, result.output
        return result.exit_code, json.loads(result.stdout)

    def _follow(self):
        """Does what a mount does: the server's file follows the rendered one."""
        known = (self._out / "models.config").read_text()
        while not self._stop.wait(0.05):
            text = (self._out / "models.config").read_text()
            if text != known:
                known, draft = text, self._out / "followed.draft"
                draft.write_text(text.replace("/models/recommender", str(self.folder)))
                draft.replace(self._out / "here.config")


@pytest.fixture
def served(shop, tmp_path):
    shop.config.write_text(f"{shop.config.read_text()}serving: {{rollout: canary, {PLANTED}}}\n")
    started = Served(shop, tmp_path)
    yield started
    started.stop()


def test_planted_versions_are_rolled_back_a_good_one_is_promoted_and_stable_fails_no_call(
    shop, served
):
    with Calls(served.address, "stable") as stable:
        for number, body, measure in (
            (2, failing, "requests failed"),
            (3, slow, "answers were slow"),
        ):
            served.push(number, body)
            served.begin(number)
            with Calls(served.address, "canary") as canary:
                wait_until(lambda: canary.failures or number in canary.versions, PATIENCE)  # noqa: B023
                code, told = served.watch()
                withdrawn = len(canary.versions)
                wait_until(lambda: 1 in canary.versions[withdrawn:], PATIENCE)  # noqa: B023
            assert (code, told["ending"], told["done"]) == (3, "worse", "withdrawn")
            assert measure in told["reason"]
            assert told["seconds"] < 120
            assert bool(canary.failures) is (body is failing)
            assert labels.read(served.folder) == {"canary": 1, "stable": 1}

        served.push(4, good)
        served.begin(4)
        shop.config.write_text(shop.config.read_text().replace(PLANTED, GOOD))
        with Calls(served.address, "canary") as canary:
            wait_until(lambda: 4 in canary.versions, PATIENCE)
            code, told = served.watch("--promote")
        assert (code, told["ending"], told["done"]) == (0, "passed", "promoted")
        assert canary.failures == []
        assert labels.read(served.folder) == {"canary": 4, "stable": 4}
    assert stable.failures == []
    assert stable.versions[0] == 1
