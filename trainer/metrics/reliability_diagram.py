"""TFMA plot: the reliability diagram of the ranker's scores."""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from trainer.metrics import scores
from trainer.metrics.row_scores import SCORE, Head
from trainer.metrics.score_histogram import score_metric
from transform.features import LABEL


class ReliabilityDiagram(metric_types.Metric):
    """What was promised against what happened, bin by bin, as TFMA's calibration plot.

    Bins, weights and their reasons are those of `trainer.metrics.scores`. Each bucket holds the
    weighted number of candidates, sum of labels and sum of scores.
    """

    def __init__(
        self,
        bins: int = 20,
        name: str = "reliability",
        label: str = LABEL,
        prediction: str = SCORE,
        repeats: bool = True,
    ) -> None:
        """Draws at most `bins` bins of a head (see `row_scores.Head`)."""
        super().__init__(
            metric_util.merge_per_key_computations(_reliability),
            bins=bins,
            name=name,
            label=label,
            prediction=prediction,
            repeats=repeats,
        )


def _reliability(
    name: str, bins: int, label: str, prediction: str, repeats: bool, model_name: str = ""
) -> list[Any]:
    key = metric_types.PlotKey(name=name, model_name=model_name)
    head = Head(label, prediction, repeats)
    return score_metric(key, lambda of: _to_proto(scores.reliability(of, bins)), head)


def _to_proto(bins: list[scores.Bin]) -> Any:
    proto = metrics_for_slice_pb2.CalibrationHistogramBuckets()
    for part in bins:
        proto.buckets.add(
            lower_threshold_inclusive=part.lower,
            upper_threshold_exclusive=part.upper,
            num_weighted_examples={"value": part.weight},
            total_weighted_label={"value": part.labels},
            total_weighted_refined_prediction={"value": part.scores},
        )
    return proto


metric_types.register_metric(ReliabilityDiagram)
