"""The whole pipeline as a user runs it: real data, two workers, a pushed and served model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import polars as pl
import pytest
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from components.training_period import read_period
from serving.embedded import embedded_server
from tests.e2e.conftest import nodes, sluice
from trainer.export import read_description, saved_variables

pytestmark = pytest.mark.slow

NODES = {
    *("EventExampleGen", "StatisticsGen", "LatestBlessedSpan", "FeatureSchema"),
    *("ExampleValidator", "DataGate"),
    *("Transform", "Retriever", "Ranker", "RecommenderAssembler", "Baselines"),
    *("LatestBlessedModel", "RankerEvaluator", "ListEvaluator", "Verdict"),
    *("ServingValidator", "Pusher", "Report"),
}
SIGNATURES = {"recommend", "rank", "similar_items", "query_embedding", "serving_default"}


def test_every_node_ran_and_the_model_is_pushed(first_run: dict[str, Any], sample: Path) -> None:
    assert set(first_run["nodes"]) == NODES
    assert first_run["verdict"]["blessed"] is True
    version = first_run["pushed_version"]
    assert (sample / "root" / "serving" / "recommender" / str(version) / "saved_model.pb").exists()


def test_the_retriever_learned_from_the_validation_rows_last(
    first_run: dict[str, Any], artifacts: Callable[[str, str], Path], sample: Path
) -> None:
    model = artifacts("Retriever", "model") / "Format-Serving"
    before = saved_variables(model, before_refresh=True)
    pairs = zip(saved_variables(model), before, strict=True)
    assert any(not np.array_equal(now, old) for now, old in pairs)
    # What a model is measured on must lie behind all that it has learned.
    pushed = sample / "root" / "serving" / "recommender" / str(first_run["pushed_version"])
    period = read_period(pushed)
    assert period is not None
    assert period.last_time > read_description(model).last_time


def test_the_report_holds_the_quality_table(first_run: dict[str, Any], sample: Path) -> None:
    report = json.loads((sample / "root" / "report" / "report.json").read_text())
    quality = {row["model"]: row["ndcg_at_10"] for row in report["quality"]["rows"]}
    assert len(quality) == 5
    assert all(0.0 < value < 1.0 for value in quality.values())
    assert "<html" in (sample / "root" / "report" / "report.html").read_text()


def test_a_second_run_takes_every_node_from_the_cache(
    first_run: dict[str, Any], settings_file: Path
) -> None:
    again = sluice("run", "--config", str(settings_file), "--json")
    assert again.code == 0, again.errors
    assert set(nodes(["cached"], again.json)) >= NODES - {"LatestBlessedModel", "LatestBlessedSpan"}
    assert again.json["pushed_version"] == first_run["pushed_version"]


def test_a_model_below_a_bound_is_withheld_and_the_served_one_stays(
    first_run: dict[str, Any], write_settings: Callable[..., Path], sample: Path
) -> None:
    strict = write_settings("strict.yaml", gates={"ndcg_at_10": {"lower": 0.9}})
    outcome = sluice("run", "--config", str(strict), "--json")
    assert outcome.code == 3, outcome.errors
    assert outcome.json["verdict"]["blessed"] is False
    failed = [s for s in outcome.json["verdict"]["sentences"] if s.startswith("FAIL")]
    assert any("ndcg_at_10" in sentence and "at least 0.9" in sentence for sentence in failed)
    served = sample / "root" / "serving" / "recommender"
    versions = [path.name for path in served.iterdir() if path.name.isdecimal()]
    assert versions == [str(first_run["pushed_version"])]


def test_the_model_loads_with_nothing_but_tensorflow(
    first_run: dict[str, Any], sample: Path
) -> None:
    model = sample / "root" / "serving" / "recommender" / str(first_run["pushed_version"])
    script = (
        "import sys, tensorflow as tf\n"
        f"model = tf.saved_model.load({str(model)!r})\n"
        "ours = [m for m in sys.modules if m.split('.')[0] in\n"
        "        ('trainer', 'transform', 'tensorflow_transform', 'tensorflow_recommenders')]\n"
        "assert not ours, ours\n"
        "print(*sorted(model.signatures))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) >= SIGNATURES


def test_the_public_stubs_get_an_answer(first_run: dict[str, Any], sample: Path) -> None:
    import tensorflow as tf

    def tensor(value: Any, dtype: Any) -> Any:
        return tf.make_tensor_proto(value, dtype)

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "recommender"
    request.model_spec.signature_name = "recommend"
    inputs = {
        "user_id": (["1", "never seen"], tf.string),
        "history_item_id": ([["50", "181"], ["", ""]], tf.string),
        "history_event_type": ([["interaction"] * 2, ["", ""]], tf.string),
        "history_time": ([[880_000_000, 880_000_100], [0, 0]], tf.int64),
        "exclude_item_id": ([["172"], [""]], tf.string),
        "request_time": ([880_000_200] * 2, tf.int64),
        "top_k": (10, tf.int32),
        "age": ([24.0, float("nan")], tf.float32),
        "gender": (["M", ""], tf.string),
    }
    for name, (value, dtype) in inputs.items():
        request.inputs[name].CopyFrom(tensor(value, dtype))
    folder = sample / "root" / "serving" / "recommender"
    with (
        embedded_server(folder, log_path=sample / "server.log") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = stub.Predict(request, timeout=30)
        status_request = get_model_status_pb2.GetModelStatusRequest()
        status_request.model_spec.name = "recommender"
        status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(
            status_request, timeout=30
        )
    assert response.model_spec.version.value == first_run["pushed_version"]
    assert status.model_version_status[0].version == first_run["pushed_version"]
    items = tf.make_ndarray(response.outputs["item_id"]).astype(str)
    scores = tf.make_ndarray(response.outputs["score"])
    assert items.shape == (2, 10)
    assert not {"50", "181", "172"} & set(items[0])
    assert all(len(set(row)) == 10 and "" not in row for row in items)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert ((scores > 0) & (scores < 1)).all()


def test_bulk_predictions(first_run: dict[str, Any], settings_file: Path, sample: Path) -> None:
    users, out = sample / "who.csv", sample / "lists.parquet"
    users.write_text("user_id\n1\n2\nnobody\n")
    outcome = sluice(
        *("predict", "--config", str(settings_file), "--users", str(users)),
        *("--k", "100", "--out", str(out)),
    )
    assert outcome.code == 0, outcome.errors
    lists = pl.read_parquet(out)
    assert lists.columns == ["user_id", "rank", "item_id", "score"]
    assert lists.group_by("user_id", maintain_order=True).len().rows() == [
        ("1", 100),
        ("2", 100),
        ("nobody", 100),
    ]
    for _, user in lists.group_by("user_id"):
        assert user["rank"].to_list() == list(range(1, 101))
        assert user["score"].is_sorted(descending=True)
    watched = pl.read_csv(sample / "watched.csv", schema_overrides={"who": str, "film": str})
    seen = set(watched.filter(pl.col("who") == "1")["film"])
    assert not seen & set(lists.filter(pl.col("user_id") == "1")["item_id"])
