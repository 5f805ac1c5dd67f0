"""Reading statistics."""

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.statistics import read_statistics


@pytest.fixture
def artifact(tmp_path):
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(tmp_path)
    artifact.split_names = artifact_utils.encode_split_names(["train", "eval"])
    for split, rows in (("train", 7), ("eval", 3)):
        folder = tmp_path / f"Split-{split}"
        folder.mkdir()
        datasets = statistics_pb2.DatasetFeatureStatisticsList()
        datasets.datasets.add(num_examples=rows)
        (folder / "FeatureStats.pb").write_bytes(datasets.SerializeToString())
    return artifact


def test_each_split_has_its_statistics(artifact):
    found = read_statistics([artifact])
    assert {split: dataset.num_examples for split, dataset in found.items()} == {
        "train": 7,
        "eval": 3,
    }
