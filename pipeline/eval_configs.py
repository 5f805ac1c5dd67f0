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
from trainer.metrics.gauc import RequestAuc
from trainer.metrics.hit_rate import HitRateAtK
from trainer.metrics.mean_average_precision import MAPAtK
from trainer.metrics.mrr import MRRAtK
from trainer.metrics.ndcg import NDCGAtK
from trainer.metrics.paired_rank_gains import PairedRankGains
from trainer.metrics.paired_score_gains import PairedScoreGains
from trainer.metrics.ranker_scores import ScoreMetric
from trainer.metrics.recall import RecallAtK
from trainer.metrics.reliability_diagram import ReliabilityDiagram
from trainer.metrics.repeats import MeasuredRows, RepeatShare
from trainer.metrics.row_scores import Head
from trainer.metrics.shown_items import ShownItemsMetric
from transform import features as keys
from transform.features import Feature, slice_keys

# Pairs of columns whose values slice the results together.
Crosses = Iterable[tuple[str, str]]

# The ranker's outputs that are measured, with their labels.
HEADS = (Head(),)
# Requests that the model answers at once. In the thousands that Beam would gather by itself, what a
# request needs no longer fits the caches, and each takes a quarter longer.
_INFERENCE_BATCH = 128
_SCORE_METRICS = (
    *("auc", "log_loss", "normalised_entropy", "calibration", "ece", "relative_ece"),
    *("mean_label", "mean_prediction"),
)
_SHOWN_ITEMS_METRICS = (
    "popularity_lift_at_10",
    "novelty_at_10",
    "intra_list_diversity_at_10",
)


def ranker_eval_config(
    gates: Gates,
    features: Iterable[Feature],
    crosses: Crosses = (),
    *,
    exclude_seen: bool = False,
    shown: bool = False,
) -> config_pb2.EvalConfig:
    """Measures the scores of each request's candidates (signature `rank_examples`).

    Args:
        gates: Bounds of the overall metrics. Gains over the blessed model are measured here and
            judged by the Verdict, which knows what is noise.
        features: Declared features; single-valued categories of requests are slices.
        crosses: Pairs of slicing columns that slice together, too.
        exclude_seen: Whether lists leave out what a user has had. Scores then promise something of
            new items only, so requests for one that the user has had are not measured.
        shown: Whether the rows are lists that users were shown. These have no target: no repeats
            are left out, and nothing is sliced by it.
    """
    repeats = shown or not exclude_seen
    counted = config_pb2.MetricConfig(class_name="ExampleCount")
    metrics = [
        counted if repeats else _metric(MeasuredRows, {"name": "example_count"}),
        *(metric for head in HEADS for metric in _head_metrics(head._replace(repeats=repeats))),
    ]
    spec = _model_spec("rank_examples", label=HEADS[0].label, prediction=HEADS[0].prediction)
    slices = _slices(features, crosses)
    if shown:
        slices = [one for one in slices if keys.TARGET_SLICES.isdisjoint(one.feature_keys)]
    return _eval_config(spec, metrics, gates.verdict.ranker, slices)


def list_eval_config(
    gates: Gates, features: Iterable[Feature], crosses: Crosses = ()
) -> config_pb2.EvalConfig:
    """Measures the lists that users would be shown (signature `serving_default`).

    Args:
        gates: Bounds of the overall metrics. Gains over the blessed model are measured here and
            judged by the Verdict, which knows what is noise.
        features: Declared features; single-valued categories of requests are slices.
        crosses: Pairs of slicing columns that slice together, too.
    """
    metrics = [
        config_pb2.MetricConfig(class_name="ExampleCount"),
        *(
            _metric(metric, {"name": f"{name}_at_{k}", "k": k})
            for metric, name, k in (
                (NDCGAtK, "ndcg", 10),
                (RecallAtK, "recall", 10),
                (MRRAtK, "mrr", 10),
                (NDCGAtK, "ndcg", 100),
                (RecallAtK, "recall", 100),
                (HitRateAtK, "hit_rate", 10),
                (MAPAtK, "map", 10),
                (DistinctItemsAtK, "distinct_items", 10),
                (DistinctListRatioAtK, "distinct_list_ratio", 10),
            )
        ),
        *(_metric(ShownItemsMetric, {"name": name}) for name in _SHOWN_ITEMS_METRICS),
        _metric(RepeatShare, {"name": "repeat_share"}),
        # Beyond the tenth place there are more targets, and less noise in what they say.
        *(_metric(PairedRankGains, {"name": f"paired_ranks_at_{k}", "k": k}) for k in (10, 100)),
    ]
    spec = _model_spec("serving_default", label=keys.TARGET_ITEM_ID, prediction="item_id")
    return _eval_config(spec, metrics, gates.verdict.lists, _slices(features, crosses))


def _head_metrics(head: Head) -> list[config_pb2.MetricConfig]:
    """All metrics of one output of the ranker."""

    def of_head(kind: type[Any], name: str, **config: Any) -> config_pb2.MetricConfig:
        return _metric(kind, {"name": head.metric(name), **config, **head._asdict()})

    return [
        of_head(ReliabilityDiagram, "reliability"),
        *(of_head(ScoreMetric, name, metric=name) for name in _SCORE_METRICS),
        of_head(RequestAuc, "gauc"),
        of_head(PairedScoreGains, "paired_scores"),
    ]


def _eval_config(
    spec: config_pb2.ModelSpec,
    metrics: Sequence[config_pb2.MetricConfig],
    bounds: Sequence[Bound],
    slices: Sequence[config_pb2.SlicingSpec],
) -> config_pb2.EvalConfig:
    _add_thresholds(metrics, bounds)
    return config_pb2.EvalConfig(
        model_specs=[spec],
        slicing_specs=slices,
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)],
    )


def _slices(features: Iterable[Feature], crosses: Crosses) -> list[config_pb2.SlicingSpec]:
    """All rows, each slicing column alone, and the crosses."""
    columns = [(), *((key,) for key in slice_keys(features)), *crosses]
    return [config_pb2.SlicingSpec(feature_keys=names) for names in columns]


def _model_spec(signature: str, *, label: str, prediction: str) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        signature_name=signature,
        model_type="tf_generic",
        label_key=label,
        prediction_key=prediction,
        inference_batch_size=_INFERENCE_BATCH,
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
    for bound in bounds:
        if bound.name not in by_name:
            raise ValueError(
                f"A bound needs a metric that TFMA computes. Received: {bound.name!r}. "
                f"Metrics: {', '.join(by_name)}."
            )
        by_name[bound.name].per_slice_thresholds.add(
            slicing_specs=[config_pb2.SlicingSpec()],
            threshold=config_pb2.MetricThreshold(value_threshold=_value_threshold(bound)),
        )


def _value_threshold(bound: Bound) -> config_pb2.GenericValueThreshold:
    threshold = config_pb2.GenericValueThreshold()
    if bound.lower is not None:
        threshold.lower_bound.value = bound.lower
    if bound.upper is not None:
        threshold.upper_bound.value = bound.upper
    return threshold
