"""FeatureSchema writes the schema that others read."""

import json
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.feature_schema.executor import Executor


@pytest.fixture
def schema(tmp_path):
    statistics = standard_artifacts.ExampleStatistics()
    statistics.uri = str(tmp_path / "statistics")
    statistics.split_names = artifact_utils.encode_split_names(["train"])
    datasets = statistics_pb2.DatasetFeatureStatisticsList()
    feature = datasets.datasets.add(num_examples=2).features.add()
    feature.path.step.append("city")
    feature.string_stats.unique = 1
    feature.string_stats.rank_histogram.buckets.add(label="Wien")
    folder = Path(statistics.uri, "Split-train")
    folder.mkdir(parents=True)
    (folder / "FeatureStats.pb").write_bytes(datasets.SerializeToString())
    output = standard_artifacts.Schema()
    output.uri = str(tmp_path / "schema")
    features = [{"name": "city", "side": "query", "kind": "category"}]
    aggregates = [{"name": "views", "of": "user", "count": "view", "window": "7d"}]
    declared = {
        "features": json.dumps(features),
        "aggregates": json.dumps(aggregates),
        "labels": '["buy"]',
    }
    Executor().Do({"statistics": [statistics]}, {"schema": [output]}, declared)
    (written,) = Path(output.uri).iterdir()
    assert written.name == "schema.pbtxt"
    return text_format.Parse(written.read_text(), schema_pb2.Schema())


def test_the_file_holds_the_declared_features_with_their_domains(schema):
    city = next(feature for feature in schema.feature if feature.name == "city")
    assert list(city.string_domain.value) == ["", "Wien"]
    assert "city" in schema.tensor_representation_group[""].tensor_representation


def test_the_file_holds_the_declared_aggregates_and_labels(schema):
    assert {"views", "label_buy"} <= {feature.name for feature in schema.feature}
