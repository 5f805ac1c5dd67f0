"""Checks of the rows against the schema: anomalies, and what each kind of row must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.checks import Check
from components.data_gate.rules import DataRules
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.schema import required_keys


def check_anomalies(
    anomalies: Mapping[str, anomalies_pb2.Anomalies], rules: DataRules
) -> Iterator[Check]:
    """One check a split; ExampleValidator finds anomalies, but never stops a run."""
    for split, found in anomalies.items():
        texts = [f"{name}: {info.description}" for name, info in found.anomaly_info.items()]
        if found.HasField("dataset_anomaly_info"):
            texts.append(found.dataset_anomaly_info.description)
        check = rules.anomalies.check(len(texts), subject=split)
        yield check.model_copy(update={"why": "; ".join(sorted(texts)) or check.why})


def check_presence(
    statistics: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    features: Sequence[Feature],
    rules: DataRules,
    aggregates: Sequence[Aggregate] = (),
) -> Iterator[Check]:
    """One check a split, on the required feature that the fewest rows have."""
    for split, dataset in statistics.items():
        present = {
            feature.path.step[0]: _common(feature).num_non_missing / max(1, dataset.num_examples)
            for feature in dataset.features
        }
        required = required_keys(split, features, aggregates)
        shares = {key: present.get(key, 0.0) for key in required}
        rarest = min(shares, key=shares.__getitem__)
        yield rules.presence.check(shares[rarest], subject=f"{split}.{rarest}")


def _common(feature: statistics_pb2.FeatureNameStatistics) -> statistics_pb2.CommonStatistics:
    kind = feature.WhichOneof("stats")
    return getattr(feature, kind).common_stats
