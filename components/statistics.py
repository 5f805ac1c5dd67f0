"""Reads what StatisticsGen wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import artifact_utils

_FILE = "FeatureStats.pb"


def read_statistics(artifacts: list[Any]) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    """Statistics of each split of a statistics artifact."""
    names = artifact_utils.decode_split_names(
        artifact_utils.get_single_instance(artifacts).split_names
    )
    found = {}
    for name in names:
        path = Path(artifact_utils.get_split_uri(artifacts, name)) / _FILE
        datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
        (found[name],) = datasets.datasets
    return found
