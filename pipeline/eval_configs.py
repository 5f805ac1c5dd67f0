"""What TFMA measures and what it blesses: the EvalConfigs of the two Evaluators."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# From the protos: `tfma.EvalConfig` and its kin exist only once tfx.components was imported.
from tensorflow_model_analysis.proto import config_pb2

from components.checks import Bound
from pipeline.gates import Gates
from trainer.metrics.distinct_items import DistinctItemsAtK
from trainer.metrics.distinct_lists import DistinctListRatioAtK
from trainer.metrics.mrr import MRRAtK
from trainer.metrics.ndcg import NDCGAtK
from trainer.metrics.ranker_scores import ScoreMetric
from trainer.metrics.recall import RecallAtK
from trainer.metrics.reliability_diagram import ReliabilityDiagram
from transform import features as keys
from transform.features import Feature, Kind, Side

_CHANGE = "_change"
_SCORE_METRICS = (
    *("auc", "log_loss", "normalised_entropy", "calibration", "relative_ece"),
    *("mean_label", "mean_prediction"),
)


def ranker_eval_config(gates: Gates, features: Iterable[Feature]) -> config_pb2.EvalConfig:
    """Measures the scores of each request's candidates (signature `rank_examples`).

    Args:
        gates: Bounds of the overall metrics, and of their change against the blessed model.
        features: Declared features; the categories among the query features are slices.
    """
    metrics = [
        config_pb2.MetricConfig(class_name="ExampleCount"),
        _metric(ReliabilityDiagram, {"name": "reliability"}),
        *(_metric(ScoreMetric, {"name": name}) for name in _SCORE_METRICS),
    ]
    spec = _model_spec("rank_examples", label=keys.LABEL, prediction="score")
    bounds = (*gates.verdict.ranker, *gates.verdict.ranker_changes)
    return _eval_config(spec, metrics, bounds, features)


def list_eval_config(gates: Gates, features: Iterable[Feature]) -> config_pb2.EvalConfig:
    """Measures the lists that users would be shown (signature `serving_default`).

    Args:
        gates: Bounds of the overall metrics, and of their change against the blessed model.
        features: Declared features; the categories among the query features are slices.
    """
    metrics = [
        config_pb2.MetricConfig(class_name="ExampleCount"),
        *(
            _metric(metric, {"name": f"{name}_at_{k}", "k": k})
            for metric, name, k in (
                (NDCGAtK, "ndcg", 10),
                (RecallAtK, "recall", 10),
                (MRRAtK, "mrr", 10),
                (RecallAtK, "recall", 100),
                (DistinctItemsAtK, "distinct_items", 10),
                (DistinctListRatioAtK, "distinct_list_ratio", 10),
            )
        ),
    ]
    spec = _model_spec("serving_default", label=keys.TARGET_ITEM_ID, prediction="item_id")
    bounds = (*gates.verdict.lists, *gates.verdict.list_changes)
    return _eval_config(spec, metrics, bounds, features)


def slice_keys(features: Iterable[Feature]) -> list[str]:
    """Features by which results are sliced: the cold-start ladders and single-valued categories."""
    declared = [
        feature.name
        for feature in features
        if feature.side is Side.QUERY
        and feature.kind is Kind.CATEGORY
        and feature.separator is None
    ]
    return [keys.USER_RUNG, keys.ITEM_RUNG, *declared]


def _eval_config(
    spec: config_pb2.ModelSpec,
    metrics: Sequence[config_pb2.MetricConfig],
    bounds: Sequence[Bound],
    features: Iterable[Feature],
) -> config_pb2.EvalConfig:
    _add_thresholds(metrics, bounds)
    slices = [config_pb2.SlicingSpec(feature_keys=[key]) for key in slice_keys(features)]
    return config_pb2.EvalConfig(
        model_specs=[spec],
        slicing_specs=[config_pb2.SlicingSpec(), *slices],
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)],
    )


def _model_spec(signature: str, *, label: str, prediction: str) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        signature_name=signature,
        model_type="tf_generic",
        label_key=label,
        prediction_key=prediction,
    )


def _metric(metric: type[Any], config: Mapping[str, Any]) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(
        class_name=metric.__name__,
        module=metric.__module__,
        config=json.dumps(config),
    )


def _add_thresholds(metrics: Sequence[config_pb2.MetricConfig], bounds: Sequence[Bound]) -> None:
    """Puts each bound on its metric, over all rows.

    TFMA applies a plain `threshold` to every slice, however small, so the overall one is named.

    Raises:
        ValueError: If no metric is computed for a bound: TFMA would bless nothing ever again.
    """
    by_name = {json.loads(m.config)["name"]: m for m in metrics if m.config}
    thresholds: dict[str, config_pb2.MetricThreshold] = {}
    for bound in bounds:
        name = bound.name.removesuffix(_CHANGE)
        if name not in by_name:
            raise ValueError(
                f"A bound needs a metric that TFMA computes. Received: {bound.name!r}. "
                f"Metrics: {', '.join(by_name)}."
            )
        threshold = thresholds.setdefault(name, config_pb2.MetricThreshold())
        if bound.name.endswith(_CHANGE):
            threshold.change_threshold.CopyFrom(_change_threshold(bound))
        else:
            threshold.value_threshold.CopyFrom(_value_threshold(bound))
    for name, threshold in thresholds.items():
        by_name[name].per_slice_thresholds.add(
            slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold
        )


def _value_threshold(bound: Bound) -> config_pb2.GenericValueThreshold:
    threshold = config_pb2.GenericValueThreshold()
    if bound.lower is not None:
        threshold.lower_bound.value = bound.lower
    if bound.upper is not None:
        threshold.upper_bound.value = bound.upper
    return threshold


def _change_threshold(bound: Bound) -> config_pb2.GenericChangeThreshold:
    """A bound on the relative change: a lower end means that higher is better.

    Raises:
        ValueError: If the bound has both ends or none.
    """
    if (bound.lower is None) == (bound.upper is None):
        raise ValueError(
            "A bound on a change has one end: `lower` where more is better, else `upper`. "
            f"Received: {bound.name} with lower {bound.lower}, upper {bound.upper}."
        )
    higher = bound.lower is not None
    direction = "HIGHER_IS_BETTER" if higher else "LOWER_IS_BETTER"
    threshold = config_pb2.GenericChangeThreshold(
        direction=config_pb2.MetricDirection.Value(direction)
    )
    threshold.relative.value = bound.lower if higher else bound.upper
    return threshold
