"""Artifacts of a made-up run on disk, as the pipeline's nodes leave them."""

import json
from pathlib import Path

import polars as pl
import tensorflow as tf
from tensorflow_model_analysis.proto import metrics_for_slice_pb2
from tfx.types import standard_artifacts

from components import artifacts
from components.checks import Bound, write_checks
from tests.components.report.facts_of_a_run import blessed

FEATURES = json.dumps([{"name": "age", "side": "query", "kind": "number"}])
PROPERTIES = {
    "settings": "name: made-up\n",
    "settings_hash": "5f0c",
    "features": FEATURES,
    "seed": 17,
    "code": "9a77",
}
BASELINES = {
    "most_popular": {"ndcg_at_10": 0.04, "recall_at_10": 0.08, "mrr_at_10": 0.03},
    "item_knn": {"ndcg_at_10": 0.09, "recall_at_10": 0.17, "mrr_at_10": 0.07},
}
HISTORY = {"loss": [3.0, 2.0, float("nan")], "val_ndcg_at_10": [0.05, 0.08, 0.07]}


def write_run(folder, *, blessed_model=True, served=True):
    """Input dict of the Report node."""
    made = Run(Path(folder))
    auc = Bound(name="auc", lower=0.7, why="it guesses")
    difference = Bound(name="score_difference", upper=1e-5, why="served scores differ")
    return {
        "account": [made.account()],
        "data_checks": [made.checks("data", Bound(name="future share", upper=0.01).check(0.0))],
        "verdict_checks": [made.checks("verdict", auc.check(0.8 if blessed_model else 0.6))],
        "serving_checks": [made.checks("serving", difference.check(0.0 if served else 0.5))],
        "blessing": [made.blessing(standard_artifacts.ModelBlessing, "verdict", blessed_model)],
        "infra_blessing": [made.blessing(standard_artifacts.InfraBlessing, "infra", served)],
        "list_evaluation": [made.list_evaluation()],
        "ranker_evaluation": [made.ranker_evaluation()],
        "baselines": [made.baselines()],
        "retriever_run": [made.training("retriever")],
        "ranker_run": [made.training("ranker")],
        "pushed_model": [made.pushed(blessed_model and served)],
    }


class Run:
    """Writes artifacts below a folder and numbers them."""

    def __init__(self, folder):
        self._folder = folder
        self._ids = 0

    def account(self):
        made = self._artifact(artifacts.DataAccount, "account")
        self._write(made, artifacts.DataAccount.ACCOUNT_FILE, blessed().account.model_dump_json())
        folder = Path(made.uri) / artifacts.DataAccount.DEAD_LETTERS_FILE
        folder.mkdir()
        dead = pl.DataFrame({"file": ["a.csv"], "row": [3], "reason": ["user_id is missing"]})
        dead.write_parquet(folder / "part-00000.parquet")
        return made

    def checks(self, name, *checks):
        made = self._artifact(artifacts.Checks, f"{name}_checks")
        write_checks(Path(made.uri) / artifacts.Checks.CHECKS_FILE, checks)
        return made

    def blessing(self, artifact_type, name, value):
        made = self._artifact(artifact_type, f"{name}_blessing")
        made.set_int_custom_property("blessed", int(value))
        return made

    def baselines(self):
        made = self._artifact(artifacts.BaselineMetrics, "baselines")
        self._write(made, artifacts.BaselineMetrics.METRICS_FILE, json.dumps(BASELINES))
        return made

    def training(self, name):
        made = self._artifact(standard_artifacts.ModelRun, name)
        self._write(made, "history.json", json.dumps(HISTORY))
        return made

    def pushed(self, value):
        made = self._artifact(standard_artifacts.PushedModel, "pushed")
        made.set_int_custom_property("pushed", int(value))
        if value:
            made.set_string_custom_property("pushed_version", "7")
            made.set_string_custom_property("pushed_labels", "canary,stable")
        return made

    def list_evaluation(self):
        made = self._artifact(standard_artifacts.ModelEvaluation, "lists")
        values = {
            (): (100, 0.10, 0.20, 0.08),
            (("user_rung", "21+"),): (60, 0.12, 0.24, 0.10),
            (("user_rung", "2-5"),): (40, 0.07, 0.14, 0.05),
            (("gender", ""),): (10, float("nan"), 0.1, 0.1),
        }
        names = ("example_count", "ndcg_at_10", "recall_at_10", "mrr_at_10")
        write_metrics(made.uri, names, values)
        return made

    def ranker_evaluation(self):
        made = self._artifact(standard_artifacts.ModelEvaluation, "ranker")
        write_metrics(made.uri, ("example_count", "auc"), {(): (100, 0.8)})
        write_plots(made.uri, [(4.0, 2.0, 1.0), (16.0, 1.0, 2.0), (0.0, 0.0, 0.0)])
        return made

    def _artifact(self, artifact_type, name):
        made = artifact_type()
        self._ids += 1
        made.id = self._ids
        made.uri = str(self._folder / name / str(self._ids))
        Path(made.uri).mkdir(parents=True)
        return made

    def _write(self, made, name, text):
        (Path(made.uri) / name).write_text(text)


def write_metrics(uri, names, values):
    """TFMA's metrics file: values of `names` by slice; the blessed model has half of each."""
    with tf.io.TFRecordWriter(str(Path(uri) / "metrics-00000-of-00001.tfrecord")) as file:
        for key, numbers in values.items():
            record = metrics_for_slice_pb2.MetricsForSlice()
            for column, value in key:
                record.slice_key.single_slice_keys.add(column=column, bytes_value=value.encode())
            for name, number in zip(names, numbers, strict=True):
                for model, factor in (("candidate", 1.0), ("baseline", 0.5)):
                    entry = record.metric_keys_and_values.add()
                    entry.key.name, entry.key.model_name = name, model
                    entry.value.double_value.value = number * factor
            file.write(record.SerializeToString())


def write_plots(uri, buckets):
    """TFMA's plots file with a reliability diagram: (weight, labels, scores) of each bucket."""
    record = metrics_for_slice_pb2.PlotsForSlice()
    for model, factor in (("candidate", 1.0), ("baseline", 100.0)):
        plot = record.plot_keys_and_values.add()
        plot.key.name, plot.key.model_name = "reliability", model
        for weight, labels, scores in buckets:
            plot.value.calibration_histogram_buckets.buckets.add(
                num_weighted_examples={"value": weight * factor},
                total_weighted_label={"value": labels},
                total_weighted_refined_prediction={"value": scores},
            )
    with tf.io.TFRecordWriter(str(Path(uri) / "plots-00000-of-00001.tfrecord")) as file:
        file.write(record.SerializeToString())
