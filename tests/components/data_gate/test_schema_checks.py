"""Checks of rows against the schema, each with rows that it stops."""

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.data_gate.schema_checks import check_anomalies, check_presence
from tests.components.data_gate.bounds import RULES, failed
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.schema import required_keys

FEATURES = (Feature(name="city", side="query", kind="category"),)


def statistics(split, missing=None, share=1.0):
    """Statistics of 100 rows that have every required key, but for one."""
    dataset = statistics_pb2.DatasetFeatureStatistics(num_examples=100)
    for key in required_keys(split, FEATURES):
        if key == missing and share == 0:
            continue
        feature = dataset.features.add()
        feature.path.step.append(key)
        count = 100 * share if key == missing else 100
        feature.string_stats.common_stats.num_non_missing = int(count)
    return {split: dataset}


def test_rows_with_every_required_feature_pass():
    for split in ("train", "ranking", "validation", "eval", "catalogue"):
        assert failed(check_presence(statistics(split), FEATURES, RULES)) == []


def test_a_feature_that_some_rows_lack_is_named():
    found = statistics("train", "history_time", share=0.99)
    assert failed(check_presence(found, FEATURES, RULES)) == ["train.history_time presence"]


def test_a_declared_feature_that_no_row_has_is_named():
    found = statistics("eval", "city", share=0)
    assert failed(check_presence(found, FEATURES, RULES)) == ["eval.city presence"]


def test_a_split_without_rows_is_stopped():
    empty = {"train": statistics_pb2.DatasetFeatureStatistics()}
    assert failed(check_presence(empty, FEATURES, RULES)) == ["train.user_id presence"]


def test_no_anomaly_passes():
    assert failed(check_anomalies({"train": anomalies_pb2.Anomalies()}, RULES)) == []


def test_anomalies_are_counted_and_told():
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["age"].description = "Expected data of type: FLOAT but got BYTES"
    found.dataset_anomaly_info.description = "Low num examples in dataset."
    (check,) = check_anomalies({"eval": found}, RULES)
    assert failed([check]) == ["eval schema_anomalies"]
    assert "is 2" in check.sentence
    assert "age: Expected data of type: FLOAT but got BYTES" in check.sentence
    assert "Low num examples" in check.sentence


def test_an_aggregate_that_no_row_has_is_named():
    views = Aggregate(name="views", of="user", count="view", window="7d")
    found = check_presence(statistics("eval"), FEATURES, RULES, [views])
    assert failed(found) == ["eval.views presence"]
