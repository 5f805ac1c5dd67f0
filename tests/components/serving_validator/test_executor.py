"""The ServingValidator on a real server; each thing it must stop is planted once."""

import os
import shutil
import signal
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.types import artifact_utils, channel, standard_artifacts

from components.artifacts import Checks
from components.checks import read_checks
from components.pusher.labels import Rollout
from components.pusher.publish import publish
from components.serving_validator.component import ServingValidator
from components.serving_validator.executor import Executor
from components.serving_validator.probe import Probe
from components.serving_validator.swap import SWAP_MEASURES
from components.warm_up_file import WARM_UP_FILE
from pipeline.gate_overrides import gates_with
from tests.components.toy_recommender import (
    ITEMS,
    ToyRecommender,
    item_id,
    raw_row,
    transformed_row,
    write_split,
)

pytestmark = pytest.mark.slow

FEATURES = '[{"name": "segment", "side": "query", "kind": "category"}]'
# The toy is the same in every test; what differs is the model that is served.
GATES = gates_with({"start_seconds": {"upper": 300.0}, "first_call_seconds": {"upper": 60.0}})


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    rows = [raw_row(user, user % 7) for user in range(70)]
    write_split(folder / "raw", "eval", rows)
    write_split(folder / "raw", "catalogue", [{"item_id": [item_id(i)]} for i in range(ITEMS)])
    write_split(folder / "transformed", "eval", [transformed_row(row) for row in rows[::-1]])
    ToyRecommender().save_retriever(folder / "retriever" / "Format-Serving")
    return folder


def _examples(path, splits):
    artifact = standard_artifacts.Examples()
    artifact.uri = str(path)
    artifact.split_names = artifact_utils.encode_split_names(splits)
    return artifact


def _model(path, id):
    artifact = standard_artifacts.Model()
    artifact.uri, artifact.id = str(path), id
    return artifact


def _validate(examples, model, folder, served=None):
    """Runs the node; returns the blessing and its checks by name."""
    inputs = {
        "model": [_model(model, 7)],
        "retriever": [_model(examples / "retriever", 3)],
        "examples": [_examples(examples / "raw", ["eval", "catalogue"])],
        "transformed_examples": [_examples(examples / "transformed", ["eval"])],
    }
    blessing, checks = standard_artifacts.InfraBlessing(), Checks()
    blessing.uri, checks.uri = str(folder / "blessing"), str(folder / "checks")
    node = ServingValidator(
        model=channel.Channel(type=standard_artifacts.Model),
        retriever=channel.Channel(type=standard_artifacts.Model),
        examples=channel.Channel(type=standard_artifacts.Examples),
        transformed_examples=channel.Channel(type=standard_artifacts.Examples),
        bounds=GATES.serving,
        features=FEATURES,
        exclude_seen=True,
        served_folder=str(served or folder / "nothing-served"),
        code="x",
    )
    outputs = {"blessing": [blessing], "checks": [checks]}
    Executor().Do(inputs, outputs, node.exec_properties)
    found = read_checks(Path(checks.uri) / Checks.CHECKS_FILE)
    return blessing, {check.name: check for check in found}


def _save(folder, *args, **kwargs):
    ToyRecommender(*args, **kwargs).save(folder / "model" / "Format-Serving")
    return folder / "model"


def _failed(checks):
    return [name for name, check in checks.items() if not check.passed]


def test_a_good_model_is_blessed_with_its_warm_up(examples, tmp_path):
    blessing, checks = _validate(examples, _save(tmp_path), tmp_path)
    assert _failed(checks) == []
    assert checks["rows_replayed"].value == 70
    assert checks["embedding_difference"].value < 1e-6
    assert checks["feature_differences"].value == 0
    assert 0.0 < checks["latency_p50_ms"].value <= checks["latency_p99_ms"].value
    assert not SWAP_MEASURES & set(checks)  # before the first version there is nothing to swap
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert (Path(blessing.uri) / "INFRA_BLESSED").exists()
    records = tf.data.TFRecordDataset(str(Path(blessing.uri) / WARM_UP_FILE))
    logs = [prediction_log_pb2.PredictionLog.FromString(r.numpy()) for r in records]
    sizes = [
        log.predict_log.request.inputs["user_id"].tensor_shape.dim[0].size
        for log in logs
        if log.predict_log.request.model_spec.signature_name == "recommend"
    ]
    assert sizes == [1, 8, 32]


def test_a_good_model_replaces_the_served_one_without_a_failed_call(examples, tmp_path):
    served = tmp_path / "serving"
    model = ToyRecommender("shuffled").save(tmp_path / "served")
    publish(model, served, extra_files={}, now=5, keep=3, rollout=Rollout.NEWEST)
    (served / "6").mkdir()  # half a version is not what is served
    blessing, checks = _validate(examples, _save(tmp_path), tmp_path, served)
    assert _failed(checks) == []
    assert set(checks) >= SWAP_MEASURES
    assert checks["swap_calls"].value > 10
    assert checks["swap_failed_calls"].value == 0
    assert blessing.get_int_custom_property("blessed") == 1


def _withheld(blessing, checks, names):
    assert _failed(checks) == names
    assert blessing.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "INFRA_NOT_BLESSED").exists()
    assert not (Path(blessing.uri) / "INFRA_BLESSED").exists()


def test_other_features_and_seen_items_are_withheld(examples, tmp_path):
    result = _validate(examples, _save(tmp_path, skew=0.001, forgets_seen=True), tmp_path)
    _withheld(*result, ["embedding_difference", "seen_items_shown"])


def test_a_feature_by_another_vocabulary_is_withheld_and_named(examples, tmp_path):
    """Neither its embeddings nor its scores show it."""
    model = _save(tmp_path, segments=("south", "north"))
    blessing, checks = _validate(examples, model, tmp_path)
    _withheld(blessing, checks, ["feature_differences"])
    assert checks["feature_differences"].value == 70
    assert checks["feature_differences"].why.endswith("than training did: segment in 70 rows")


def test_a_model_that_cannot_be_loaded_is_withheld_with_the_reason(examples, tmp_path):
    model = _save(tmp_path)
    shutil.rmtree(model / "Format-Serving" / "variables")
    blessing, checks = _validate(examples, model, tmp_path)
    _withheld(blessing, checks, ["answers of a real server"])
    assert "failed to load" in checks["answers of a real server"].why


def test_a_model_without_the_contract_is_withheld_with_the_reason(examples, tmp_path):
    retriever = examples / "retriever"
    blessing, checks = _validate(examples, retriever, tmp_path)
    _withheld(blessing, checks, ["answers of a real server"])
    assert "has a signature 'recommend'" in checks["answers of a real server"].why


def test_no_model_at_all_is_withheld_with_the_reason(examples, tmp_path):
    blessing, checks = _validate(examples, tmp_path / "nothing", tmp_path)
    _withheld(blessing, checks, ["answers of a real server"])
    assert "must be a SavedModel" in checks["answers of a real server"].why


def test_a_server_that_dies_is_no_silent_pass(examples, tmp_path, monkeypatch):
    ask = Probe.score_difference

    def die_first(probe, queries, lists):
        os.kill(probe.server.pid, signal.SIGKILL)
        return ask(probe, queries, lists)

    monkeypatch.setattr(Probe, "score_difference", die_first)
    blessing, checks = _validate(examples, _save(tmp_path), tmp_path)
    _withheld(blessing, checks, ["answers of a real server"])
    assert "UNAVAILABLE" in checks["answers of a real server"].why
